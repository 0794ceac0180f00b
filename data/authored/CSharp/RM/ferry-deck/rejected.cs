using System.Collections.Generic;

public class FerryDeck
{
    private readonly string[] list;
    private readonly int[] total;
    private int count = -1;

    public FerryDeck(int lanes, int laneCentimetres)
    {
        list = new string[lanes];
        total = new int[lanes];
        // Initialise the lists and the totals
        for (int i = 0; i < lanes; i++)
        {
            list[i] = "";
            total[i] = laneCentimetres;
        }
    }

    public int? Board(string plate, int centimetres)
    {
        // Check the capacity of the deck
        if (!IsValid(centimetres))
            return null;
        // Return the lane
        return GetLane(plate);
    }

    private bool IsValid(int size)
    {
        count = total.Length - 1;
        // Check all totals
        for (int i = total.Length - 1; i >= 0; i--)
            count = total[i] >= total[count] ? i : count;
        if (count < 0 || total[count] < size + 50)
            return false;
        total[count] -= size + 50;
        return true;
    }

    private int GetLane(string lane)
    {
        list[count] += (list[count] == "" ? "" : ", ") + lane;
        return count + 1;
    }

    public IList<string> Manifest()
    {
        var temp = new List<string>();
        for (int i = 0; i < list.Length; i++)
            temp.Add("lane " + (i + 1) + ": " + (list[i] == "" ? "-" : list[i]) + " (" + total[i] + " cm free)");
        return temp;
    }
}
