using System.Collections.Generic;
using System.Linq;

public class Reading
{
    public string Station { get; set; }
    public long Time { get; set; }
    public double Velocity { get; set; }
}

public static class QuakeStream
{
    public static IEnumerable<Reading> Merge(IEnumerable<Reading> first, IEnumerable<Reading> second)
    {
        List<Reading> left = first.ToList();
        List<Reading> right = second.ToList();
        int i = 0;
        int k = 0;
        while (i < left.Count || k < right.Count)
        {
            // Yield the earlier one of the two readings that come next.
            bool takesLeft = k == right.Count || (i < left.Count && left[i].Time <= right[k].Time);
            yield return takesLeft ? left[i++] : right[k++];
        }
    }
}
