using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

public class CountingList : IList<int>
{
    private readonly int[] values;
    public long Reads;

    public CountingList(int[] values) { this.values = values; }
    public int this[int index] { get { Reads++; return values[index]; } set { throw new NotSupportedException(); } }
    public int Count { get { return values.Length; } }
    public bool IsReadOnly { get { return true; } }
    public IEnumerator<int> GetEnumerator() { foreach (int value in values) { Reads++; yield return value; } }
    IEnumerator IEnumerable.GetEnumerator() { return GetEnumerator(); }
    public void CopyTo(int[] array, int start) { Reads += values.Length; values.CopyTo(array, start); }
    public bool Contains(int item) { throw new NotSupportedException(); }
    public int IndexOf(int item) { throw new NotSupportedException(); }
    public void Add(int item) { throw new NotSupportedException(); }
    public void Insert(int index, int item) { throw new NotSupportedException(); }
    public bool Remove(int item) { throw new NotSupportedException(); }
    public void RemoveAt(int index) { throw new NotSupportedException(); }
    public void Clear() { throw new NotSupportedException(); }
}

public static class Check
{
    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            Environment.Exit(1);
        }
    }

    private static bool Refuses(YieldIndex index, int from, int to)
    {
        try
        {
            index.Total(from, to);
            return false;
        }
        catch (ArgumentOutOfRangeException)
        {
            return true;
        }
    }

    public static int Main()
    {
        var small = new YieldIndex(new[] { 5, 0, 7, 2000000000, 2000000000 });
        Expect(small.Total(0, 3) == 12 && small.Total(2, 2) == 0 && small.Total(5, 5) == 0, "sums");
        Expect(small.Total(0, 5) == 4000000012, "large sums");
        Expect(Refuses(small, -1, 2) && Refuses(small, 0, 6) && Refuses(small, 3, 2) && Refuses(small, 6, 6), "limits");

        var list = new CountingList(Enumerable.Repeat(3, 10000).ToArray());
        var index = new YieldIndex(list);
        for (int i = 0; i < 500; i++)
            Expect(index.Total(i, 10000) == 3 * (10000 - i), "total " + i);
        Expect(list.Reads < 50000, list.Reads + " readings of intervals for 500 totals");
        return 0;
    }
}
