using System;
using System.IO;
using System.Linq;
using System.Text;

public class CountingStream : MemoryStream
{
    public int Transfers;

    public override void Write(byte[] buffer, int offset, int count)
    {
        Transfers++;
        base.Write(buffer, offset, count);
    }

    public override void Flush()
    {
        Transfers++;
        base.Flush();
    }
}

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

    public static int Main()
    {
        var few = new CountingStream();
        var sender = new GcodeSender(few);
        Expect(sender.Send(new[] { new Move { X = 1.25m, Y = -3m, Feed = 1200 }, new Move { Feed = 7 } }) == 2, "two lines");
        Expect(sender.Send(new[] { new Move { X = 2m, Y = 4m, Feed = 9 } }) == 1, "the stream is still open");
        string wanted = "G1 X1.250 Y-3.000 F1200\nG1 X0.000 Y0.000 F7\nG1 X2.000 Y4.000 F9\n";
        Expect(Encoding.ASCII.GetString(few.ToArray()) == wanted, "text");

        var many = new CountingStream();
        Expect(new GcodeSender(many).Send(Enumerable.Range(0, 5000).Select(i => new Move { X = i, Feed = 1 })) == 5000, "lines");
        Expect(many.Transfers < 500, many.Transfers + " transfers for 5000 lines");
        return 0;
    }
}
