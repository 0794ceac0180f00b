using System.Globalization;

public class Ticket
{
    public int Row { get; set; }
    public int Seat { get; set; }
    public string Area { get; set; }
    public int Cents { get; set; }
}

public static class TicketText
{
    /// <summary>The text that the door staff see when a ticket is scanned.</summary>
    public static string Screen(Ticket ticket)
    {
        return Build(ticket, false, false, false, true);
    }

    /// <summary>The line on a printed ticket, all in capitals.</summary>
    public static string Paper(Ticket ticket)
    {
        return Build(ticket, true, true, true, false);
    }

    /// <summary>The line in the mail that confirms an order.</summary>
    public static string Mail(Ticket ticket)
    {
        return Build(ticket, false, true, true, true);
    }

    private static string Build(Ticket ticket, bool upper, bool area, bool price, bool plain)
    {
        string text = ticket.Row != 0 ? "Row " + ticket.Row + ", seat " + ticket.Seat : "Box " + ticket.Seat;
        if (area && ticket.Area != null)
            text += plain && !upper ? " (" + ticket.Area + ")" : ", " + ticket.Area;
        if (price)
        {
            text += plain ? ", " : " * ";
            text += ticket.Cents != 0
                ? string.Format(CultureInfo.InvariantCulture, "{0:F2} EUR", ticket.Cents / 100m)
                : "free";
        }
        return upper ? text.ToUpperInvariant() : text;
    }
}
