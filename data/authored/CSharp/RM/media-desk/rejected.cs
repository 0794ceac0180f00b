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
        string result = null;
        if (!member.Suspended)
        {
            if (!item.Broken)
            {
                if (item.BorrowerId == null)
                {
                    if (!(member.Born.AddYears(item.MinimumAge) > today.Date))
                    {
                        if (!(member.Loans < MostLoans))
                            result = "three items are out already";
                    }
                    else
                        result = "item is for members from " + item.MinimumAge;
                }
                else if (item.BorrowerId != member.Id)
                    result = "item is out until " + item.DueBack.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
                else
                    result = "you have it already";
            }
            else
                result = "item is out of order";
        }
        else
            result = "membership is suspended";
        return result;
    }
}
