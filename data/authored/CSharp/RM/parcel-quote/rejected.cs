using System;

public static class ParcelQuote
{
    public static decimal Price(decimal kilos, decimal longestSideCm, string country, bool express)
    {
        decimal p = 0;
        if (kilos > 0 && kilos <= 31.5m)
        {
            if (country == "DE")
            {
                if (kilos <= 2) p = 4.90m;
                else if (kilos <= 10) p = 6.90m;
                else p = 12.50m;
            }
            else if (country == "AT" || country == "FR" || country == "NL" || country == "PL")
            {
                if (kilos <= 2) p = 9.80m;
                else if (kilos <= 10) p = 13.80m;
                else p = 25.00m;
            }
            else
            {
                if (kilos <= 2) p = 14.70m;
                else if (kilos <= 10) p = 20.70m;
                else p = 37.50m;
            }
            if (longestSideCm > 120) p = p + 8;
            if (express == true)
            {
                p = p + p / 2;
            }
        }
        else
        {
            throw new ArgumentOutOfRangeException("kilos");
        }
        return p;
    }
}
