using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

public class Move
{
    public decimal X { get; set; }
    public decimal Y { get; set; }
    public int Feed { get; set; }
}

public class GcodeSender
{
    private readonly StreamWriter writer;

    public GcodeSender(Stream machine)
    {
        // AutoFlush passes each line on, so that nothing is left behind when Send returns.
        writer = new StreamWriter(machine, Encoding.ASCII) { NewLine = "\n", AutoFlush = true };
    }

    public long Send(IEnumerable<Move> moves)
    {
        long lines = 0;
        foreach (Move move in moves)
        {
            writer.WriteLine(Line(move));
            lines++;
        }
        return lines;
    }

    private static string Line(Move move)
    {
        return string.Format(CultureInfo.InvariantCulture, "G1 X{0:F3} Y{1:F3} F{2}", move.X, move.Y, move.Feed);
    }
}
