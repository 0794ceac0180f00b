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

    public ReplayTimeline(IEnumerable<ReplayEvent> events)
    {
        this.events = events.ToArray();
    }

    public int FirstAt(int tick)
    {
        // The position lies from low to high; both move towards it.
        int low = 0;
        int high = events.Length;
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if (events[middle].Tick < tick)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    public IEnumerable<ReplayEvent> Between(int from, int to)
    {
        for (int i = FirstAt(from); i < events.Length && events[i].Tick < to; i++)
            yield return events[i];
    }
}
