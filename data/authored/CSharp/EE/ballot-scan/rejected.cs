using System;
using System.Collections.Generic;
using System.Globalization;

public static class BallotScan
{
    private const int Unreadable = 0;
    private const int Highest = 99;
    private const NumberStyles Blanks = NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;

    public static int[] Count(IEnumerable<string> boxes)
    {
        var counts = new int[Highest + 1];
        foreach (string box in boxes)
            counts[Preference(box)]++;
        return counts;
    }

    private static int Preference(string box)
    {
        try
        {
            int number = int.Parse(box ?? "", Blanks, CultureInfo.InvariantCulture);
            return number >= 1 && number <= Highest ? number : Unreadable;
        }
        catch (FormatException)
        {
            return Unreadable;
        }
        catch (OverflowException)
        {
            return Unreadable;
        }
    }
}
