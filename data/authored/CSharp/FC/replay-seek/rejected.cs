using System;
using System.Collections.Generic;
using System.Linq;

public class ReplayEvent
{
    public int Tick { get; set; }
    public string Text { get; set; }
}

public class ReplayTimeline
{
    private readonly ReplayEvent[] events;
    private readonly int[] ticks;

    public ReplayTimeline(IEnumerable<ReplayEvent> events)
    {
        this.events = events.ToArray();
        ticks = this.events.Select(e => e.Tick).ToArray();
    }

    public int FirstAt(int tick)
    {
        // Where the tick is missing, BinarySearch gives the complement of the next position.
        int position = Array.BinarySearch(ticks, tick);
        return position >= 0 ? position : ~position;
    }

    public IEnumerable<ReplayEvent> Between(int from, int to)
    {
        for (int i = FirstAt(from); i < events.Length && ticks[i] < to; i++)
            yield return events[i];
    }
}
