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
    private const int BufferChars = 32 * 1024;
    private readonly Stream machine;

    public GcodeSender(Stream machine)
    {
        this.machine = machine;
    }

    public long Send(IEnumerable<Move> moves)
    {
        long lines = 0;
        // Disposing of the writer sends the rest and leaves the stream open.
        using (var writer = new StreamWriter(machine, Encoding.ASCII, BufferChars, true))
        {
            writer.NewLine = "\n";
            foreach (Move move in moves)
            {
                writer.WriteLine(Line(move));
                lines++;
            }
        }
        return lines;
    }

    private static string Line(Move move)
    {
        return string.Format(CultureInfo.InvariantCulture, "G1 X{0:F3} Y{1:F3} F{2}", move.X, move.Y, move.Feed);
    }
}
