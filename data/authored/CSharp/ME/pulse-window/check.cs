using System;
using System.Collections;
using System.Reflection;

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

    private static int Held(PulseWindow window)
    {
        int held = 0;
        foreach (FieldInfo field in typeof(PulseWindow).GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            var values = field.GetValue(window) as ICollection;
            held += values == null ? 0 : values.Count;
        }
        return held;
    }

    public static int Main()
    {
        var start = new DateTime(2024, 5, 1, 8, 0, 0);
        var window = new PulseWindow(TimeSpan.FromMinutes(10));
        Expect(window.Average(start) == null, "nothing yet");
        window.Add(start, 60);
        window.Add(start.AddMinutes(5), 80);
        Expect(window.Average(start.AddMinutes(10)) == 70, "both count");
        Expect(window.Average(start.AddMinutes(12)) == 80, "the first has left");
        Expect(window.Average(start.AddMinutes(16)) == null, "both have left");

        var unseen = new PulseWindow(TimeSpan.FromMinutes(10));
        for (int i = 0; i < 20000; i++)
            unseen.Add(start.AddSeconds(i / 4.0), 60 + i % 2);
        Expect(Held(unseen) < 5000, Held(unseen) + " values are held for ten minutes");
        Expect(unseen.Average(start.AddSeconds(5000)) == 60.5, "average at last");
        return 0;
    }
}
