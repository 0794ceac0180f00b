using System;
using System.Collections.Generic;

public class YieldIndex
{
    private readonly IList<int> wattHours;

    public YieldIndex(IList<int> wattHours)
    {
        this.wattHours = wattHours;
    }

    public long Total(int from, int to)
    {
        if (from < 0 || from > to)
            throw new ArgumentOutOfRangeException("from");
        if (to > wattHours.Count)
            throw new ArgumentOutOfRangeException("to");

        // The yield of a year goes beyond an int.
        long total = 0;
        for (int i = from; i < to; i++)
            total += wattHours[i];
        return total;
    }
}
