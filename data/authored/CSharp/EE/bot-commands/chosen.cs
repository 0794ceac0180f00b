using System;
using System.Globalization;
using System.Text.RegularExpressions;

public class Reminder
{
    public TimeSpan Delay { get; set; }
    public string Text { get; set; }
}

public static class BotCommand
{
    private static readonly Regex Form = new Regex(
        @"\A *!remind +([0-9]{1,4})([mhd]) +([^ ].*?) *\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);

    public static bool TryParse(string message, out Reminder reminder)
    {
        reminder = null;
        Match match = Form.Match(message);
        if (!match.Success)
            return false;
        int count = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        reminder = new Reminder { Delay = Delay(count, match.Groups[2].Value), Text = match.Groups[3].Value };
        return true;
    }

    private static TimeSpan Delay(int count, string unit)
    {
        switch (unit.ToLowerInvariant())
        {
            case "m":
                return TimeSpan.FromMinutes(count);
            case "h":
                return TimeSpan.FromHours(count);
            default:
                return TimeSpan.FromDays(count);
        }
    }
}
