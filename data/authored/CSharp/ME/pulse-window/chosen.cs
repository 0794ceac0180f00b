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
        DropOlderThan(time - length);
        values.Enqueue(new Value { Time = time, Beats = beats });
        sum += beats;
    }

    public double? Average(DateTime now)
    {
        DropOlderThan(now - length);
        if (values.Count == 0)
            return null;
        return (double)sum / values.Count;
    }

    private void DropOlderThan(DateTime limit)
    {
        // The oldest value comes first.
        while (values.Count > 0 && values.Peek().Time < limit)
            sum -= values.Dequeue().Beats;
    }
}
