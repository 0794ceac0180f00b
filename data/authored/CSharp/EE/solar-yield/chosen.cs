using System;
using System.Collections.Generic;

public class YieldIndex
{
    // before[i] is the sum of all intervals before number i.
    private readonly long[] before;

    public YieldIndex(IList<int> wattHours)
    {
        before = new long[wattHours.Count + 1];
        for (int i = 0; i < wattHours.Count; i++)
            before[i + 1] = before[i] + wattHours[i];
    }

    public long Total(int from, int to)
    {
        if (from < 0 || from > to)
            throw new ArgumentOutOfRangeException("from");
        if (to >= before.Length)
            throw new ArgumentOutOfRangeException("to");
        return before[to] - before[from];
    }
}
