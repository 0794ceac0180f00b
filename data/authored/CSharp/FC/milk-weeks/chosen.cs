using System;
using System.Collections.Generic;
using System.Globalization;

public class Delivery
{
    public DateTime Day { get; set; }
    public decimal Litres { get; set; }
}

public static class MilkWeeks
{
    private const int DaysPerWeek = 7;

    public static string Label(DateTime day)
    {
        DateTime thursday = ThursdayOfWeek(day);
        int week = (thursday.DayOfYear - 1) / DaysPerWeek + 1;
        return string.Format(CultureInfo.InvariantCulture, "{0:0000}-W{1:00}", thursday.Year, week);
    }

    public static IDictionary<string, decimal> Litres(IEnumerable<Delivery> deliveries)
    {
        var litres = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        foreach (Delivery delivery in deliveries)
        {
            string week = Label(delivery.Day);
            decimal sum;
            litres.TryGetValue(week, out sum);
            litres[week] = sum + delivery.Litres;
        }
        return litres;
    }

    /// <summary>A week belongs to the year, and has the number, of its Thursday.</summary>
    private static DateTime ThursdayOfWeek(DateTime day)
    {
        int sinceMonday = ((int)day.DayOfWeek + DaysPerWeek - 1) % DaysPerWeek;
        return day.Date.AddDays(3 - sinceMonday);
    }
}
