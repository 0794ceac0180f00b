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

    public static int Main()
    {
        Expect("2013-W07", MilkWeeks.Label(new DateTime(2013, 2, 17)));
        Expect("2013-W08", MilkWeeks.Label(new DateTime(2013, 2, 18, 23, 59, 0)));
        Expect("2015-W53", MilkWeeks.Label(new DateTime(2015, 12, 31)));
        Expect("2015-W53", MilkWeeks.Label(new DateTime(2016, 1, 3)));
        Expect("2016-W01", MilkWeeks.Label(new DateTime(2016, 1, 4)));
        IDictionary<string, decimal> litres = MilkWeeks.Litres(new[]
        {
            new Delivery { Day = new DateTime(2024, 5, 13), Litres = 10.5m },
            new Delivery { Day = new DateTime(2024, 5, 1), Litres = 4m },
            new Delivery { Day = new DateTime(2024, 5, 5), Litres = 3m },
        });
        Expect("2024-W18=7 2024-W20=10.5", string.Join(" ", litres.Select(
            p => p.Key + "=" + p.Value.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        Expect("2013-W01", MilkWeeks.Label(new DateTime(2012, 12, 31)));
        Expect("2025-W01", MilkWeeks.Label(new DateTime(2024, 12, 30)));
        Expect("2020-W01", MilkWeeks.Label(new DateTime(2019, 12, 31)));
        return 0;
    }
}
