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
    private static readonly Calendar Gregorian = CultureInfo.InvariantCulture.Calendar;

    public static string Label(DateTime day)
    {
        // The calendar has a rule for weeks of at least four days in the year, which is that of ISO 8601.
        int week = Gregorian.GetWeekOfYear(day, CalendarWeekRule.FirstFourDayWeek, DayOfWeek.Monday);
        return string.Format(CultureInfo.InvariantCulture, "{0:0000}-W{1:00}", YearOf(day, week), week);
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

    /// <summary>Days of January can belong to a week of the year before, days of December to the next.</summary>
    private static int YearOf(DateTime day, int week)
    {
        if (day.Month == 1 && week > 50)
            return day.Year - 1;
        return day.Month == 12 && week == 1 ? day.Year + 1 : day.Year;
    }
}
