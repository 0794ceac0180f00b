using System;
using System.Globalization;

public class Member
{
    public string Id { get; set; }
    public bool Suspended { get; set; }
    public DateTime Born { get; set; }
    public int Loans { get; set; }
}

public class Item
{
    public bool Broken { get; set; }
    public string BorrowerId { get; set; }
    public DateTime DueBack { get; set; }
    public int MinimumAge { get; set; }
}

public static class MediaDesk
{
    private const int MostLoans = 3;

    public static string Refusal(Member member, Item item, DateTime today)
    {
        if (member.Suspended)
            return "membership is suspended";
        if (item.Broken)
            return "item is out of order";
        if (item.BorrowerId == member.Id)
            return "you have it already";
        if (item.BorrowerId != null)
            return "item is out until " + item.DueBack.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (member.Born.AddYears(item.MinimumAge) > today.Date)
            return "item is for members from " + item.MinimumAge;
        if (member.Loans >= MostLoans)
            return "three items are out already";
        return null;
    }
}
