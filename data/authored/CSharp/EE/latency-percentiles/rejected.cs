using System;
using System.Collections.Generic;
using System.Linq;

public static class LatencyReport
{
    public static IDictionary<double, double> Percentiles(IEnumerable<double> samples, IEnumerable<double> ranks)
    {
        var result = new SortedDictionary<double, double>();
        IEnumerable<double> ordered = samples
            .Where(sample => sample >= 0)
            .OrderBy(sample => sample);

        foreach (double rank in ranks)
        {
            CheckRank(rank);
            if (ordered.Any())
            {
                result[rank] = ordered.ElementAt(PositionOf(rank, ordered.Count()));
            }
        }
        return result;
    }

    private static int PositionOf(double rank, int count)
    {
        int atOrBelow = (int)Math.Ceiling(rank / 100.0 * count);
        return Math.Min(Math.Max(atOrBelow, 1), count) - 1;
    }

    private static void CheckRank(double rank)
    {
        if (!(rank > 0 && rank <= 100))
        {
            throw new ArgumentOutOfRangeException("rank", rank, "A rank lies above 0 and at most at 100.");
        }
    }
}
