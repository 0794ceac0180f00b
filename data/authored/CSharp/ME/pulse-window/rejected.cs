using System;
using System.Collections.Generic;

public class PulseWindow
{
    private struct Value
    {
        public DateTime Time;
        public int Beats;
    }

    private readonly TimeSpan length;
    private readonly Queue<Value> values = new Queue<Value>();
    private long sum;

    public PulseWindow(TimeSpan length)
    {
        this.length = length;
    }

    public void Add(DateTime time, int beats)
    {
        values.Enqueue(new Value { Time = time, Beats = beats });
        sum += beats;
    }

    public double? Average(DateTime now)
    {
        // Values that have left the window in the meantime are dropped before they could count.
        DateTime limit = now - length;
        while (values.Count > 0 && values.Peek().Time < limit)
        {
            Value expired = values.Dequeue();
            sum -= expired.Beats;
        }
        if (values.Count == 0)
            return null;
        return (double)sum / values.Count;
    }
}
