using System.Collections.Generic;

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
        using (IEnumerator<Reading> left = first.GetEnumerator())
        using (IEnumerator<Reading> right = second.GetEnumerator())
        {
            bool hasLeft = left.MoveNext();
            bool hasRight = right.MoveNext();
            while (hasLeft || hasRight)
            {
                // At equal times the first station goes first.
                if (!hasRight || (hasLeft && left.Current.Time <= right.Current.Time))
                {
                    yield return left.Current;
                    hasLeft = left.MoveNext();
                }
                else
                {
                    yield return right.Current;
                    hasRight = right.MoveNext();
                }
            }
        }
    }
}
