using System;
using System.Collections.Generic;
using System.Linq;

public static class Check
{
    private static int pulled;

    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            Environment.Exit(1);
        }
    }

    private static IEnumerable<Reading> Station(string name, IEnumerable<long> times)
    {
        foreach (long time in times)
        {
            pulled++;
            yield return new Reading { Station = name, Time = time };
        }
    }

    private static string Merged(long[] first, long[] second)
    {
        return string.Join(" ", QuakeStream.Merge(Station("a", first), Station("b", second)).Select(r => r.Station + r.Time));
    }

    public static int Main()
    {
        Expect(Merged(new long[] { 1, 3, 3, 9 }, new long[] { 2, 3, 4 }) == "a1 b2 a3 a3 b3 b4 a9", "merged");
        Expect(Merged(new long[0], new long[] { 2 }) == "b2" && Merged(new long[] { 5 }, new long[0]) == "a5", "one is empty");
        Expect(Merged(new long[0], new long[0]) == "", "both are empty");
        IEnumerable<long> year = Enumerable.Range(0, 50000).Select(i => (long)i);
        pulled = 0;
        Expect(QuakeStream.Merge(Station("a", year), Station("b", year)).Take(100).Count() == 100, "the first hundred");
        Expect(pulled < 1000, pulled + " readings were taken from the archives for 100");
        return 0;
    }
}
