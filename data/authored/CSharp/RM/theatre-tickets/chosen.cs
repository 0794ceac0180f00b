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
        return Place(ticket);
    }

    /// <summary>The line on a printed ticket, all in capitals.</summary>
    public static string Paper(Ticket ticket)
    {
        string area = ticket.Area == null ? "" : ", " + ticket.Area;
        return (Place(ticket) + area + " * " + Price(ticket)).ToUpperInvariant();
    }

    /// <summary>The line in the mail that confirms an order.</summary>
    public static string Mail(Ticket ticket)
    {
        string area = ticket.Area == null ? "" : " (" + ticket.Area + ")";
        return Place(ticket) + area + ", " + Price(ticket);
    }

    private static string Place(Ticket ticket)
    {
        bool isBox = ticket.Row == 0;
        return isBox ? "Box " + ticket.Seat : "Row " + ticket.Row + ", seat " + ticket.Seat;
    }

    private static string Price(Ticket ticket)
    {
        if (ticket.Cents == 0)
            return "free";
        return string.Format(CultureInfo.InvariantCulture, "{0:F2} EUR", ticket.Cents / 100m);
    }
}
