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
    private const string Form = @"\A *!remind +([0-9]{1,4})([mhd]) +([^ ].*?) *\z";
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
        | RegexOptions.Singleline | RegexOptions.Compiled;

    public static bool TryParse(string message, out Reminder reminder)
    {
        reminder = null;
        var form = new Regex(Form, Options);
        Match match = form.Match(message);
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
