using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Threading;

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

    private static bool Refuses(string text)
    {
        try
        {
            WaypointFile.Read(new StringReader(text));
            return false;
        }
        catch (FormatException e)
        {
            return e.Message.Contains("2");
        }
    }

    public static int Main()
    {
        foreach (string culture in new[] { "en-US", "de-DE", "fr-FR" })
        {
            Thread.CurrentThread.CurrentCulture = new CultureInfo(culture);
            IList<Waypoint> read = WaypointFile.Read(new StringReader("Cape Horn;-55.98333;-67.26667\n\nKiel;54.5;10\n"));
            Expect(read.Count == 2 && read[0].Name == "Cape Horn" && read[1].Longitude == 10, culture + " reads both");
            Expect(read[0].Latitude == -55.98333 && read[1].Latitude == 54.5, culture + " reads decimals");
            var writer = new StringWriter { NewLine = "\n" };
            WaypointFile.Write(read, writer);
            Expect(writer.ToString() == "Cape Horn;-55.98333;-67.26667\nKiel;54.50000;10.00000\n", culture + " writes");
            Expect(Refuses("A;1;2\nB;91;0\n") && Refuses("A;1;2\nB;0;-181\n"), culture + " limits");
            Expect(Refuses("A;1;2\nB;x;0\n") && Refuses("A;1;2\nB;1\n"), culture + " form");
        }
        return 0;
    }
}
