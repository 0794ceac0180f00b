using System;
using System.IO;

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

    private static string Line(string name, string message, decimal amount)
    {
        var writer = new StringWriter();
        DonorExport.Write(new[] { new Donation { Name = name, Message = message, Amount = amount } }, writer);
        string text = writer.ToString();
        Expect("Name,Message,Amount\r\n", text.Substring(0, Math.Min(21, text.Length)));
        return text.Substring(21);
    }

    public static int Main()
    {
        Expect("Ann Lee,good luck,25.00\r\n", Line("Ann Lee", "good luck", 25m));
        Expect(",,-5.50\r\n", Line(null, "", -5.5m));
        Expect("\"Lee, Ann\",\"say \"\"hi\"\"\nnow\",1.00\r\n", Line("Lee, Ann", "say \"hi\"\nnow", 1m));
        foreach (string hostile in new[] { "=1+1", "@SUM(A1)", "+1", "-1+cmd|' /C calc'!A0" })
            Expect("'" + hostile + ",x,1.00\r\n", Line(hostile, "x", 1m));
        Expect("a,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",1.00\r\n", Line("a", "=HYPERLINK(\"http://x\",\"y\")", 1m));
        return 0;
    }
}
