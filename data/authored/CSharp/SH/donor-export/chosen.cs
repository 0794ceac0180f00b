using System.Collections.Generic;
using System.Globalization;
using System.IO;

public class Donation
{
    public string Name { get; set; }
    public string Message { get; set; }
    public decimal Amount { get; set; }
}

public static class DonorExport
{
    private const string EndOfLine = "\r\n";
    private static readonly char[] Quoted = { ',', '"', '\r', '\n' };
    private static readonly char[] Leading = { '=', '+', '-', '@', '\t', '\r' };

    public static void Write(IEnumerable<Donation> donations, TextWriter writer)
    {
        writer.Write("Name,Message,Amount" + EndOfLine);
        foreach (Donation donation in donations)
        {
            string amount = donation.Amount.ToString("F2", CultureInfo.InvariantCulture);
            writer.Write(Field(donation.Name) + "," + Field(donation.Message) + "," + amount + EndOfLine);
        }
    }

    /// <summary>Returns a text as a field of the file.</summary>
    private static string Field(string text)
    {
        string value = text ?? "";
        if (value.IndexOfAny(Leading) == 0)
            value = "'" + value;
        return value.IndexOfAny(Quoted) < 0 ? value : "\"" + value.Replace("\"", "\"\"") + "\"";
    }
}
