using System;
using System.Collections.Generic;
using System.Linq;

public static class Check
{
    private static void Expect(string expected, string actual)
    {
        if (expected != actual)
        {
            Console.Error.WriteLine("expected " + expected + ", got " + actual);
            Environment.Exit(1);
        }
    }

    private static ReplayTimeline Timeline(params int[] ticks)
    {
        return new ReplayTimeline(ticks.Select((tick, i) => new ReplayEvent { Tick = tick, Text = "e" + i }));
    }

    private static string Texts(IEnumerable<ReplayEvent> events)
    {
        return string.Join(" ", events.Select(e => e.Text));
    }

    public static int Main()
    {
        Expect("0", Timeline().FirstAt(5).ToString());
        ReplayTimeline sparse = Timeline(10, 20, 30);
        Expect("0 0 1 2 3", string.Join(" ", new[] { 5, 10, 11, 30, 31 }.Select(t => sparse.FirstAt(t))));
        Expect("e1", Texts(sparse.Between(11, 30)));
        Expect("e0 e1 e2", Texts(sparse.Between(0, 31)));
        Expect("", Texts(sparse.Between(30, 30)));
        ReplayTimeline busy = Timeline(1, 4, 4, 4, 4, 4, 4, 9);
        Expect("1 7 8", string.Join(" ", new[] { 4, 5, 10 }.Select(t => busy.FirstAt(t))));
        Expect("e1 e2 e3 e4 e5 e6", Texts(busy.Between(4, 9)));
        Expect("0", Timeline(2, 2, 2, 2, 2).FirstAt(2).ToString());
        return 0;
    }
}
