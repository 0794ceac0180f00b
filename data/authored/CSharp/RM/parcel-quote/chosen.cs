using System;
using System.Collections.Generic;

public static class ParcelQuote
{
    private const string HomeCountry = "DE";
    private const decimal MaxKilos = 31.5m;
    private const decimal LargestRegularSideCm = 120m;
    private const decimal BulkySurcharge = 8.00m;
    private const decimal ExpressFactor = 1.5m;

    private static readonly HashSet<string> EuCountries = new HashSet<string> { "AT", "FR", "NL", "PL" };

    public static decimal Price(decimal kilos, decimal longestSideCm, string country, bool express)
    {
        if (kilos <= 0 || kilos > MaxKilos)
        {
            throw new ArgumentOutOfRangeException("kilos");
        }

        decimal price = DomesticPrice(kilos) * ZoneFactor(country);
        if (longestSideCm > LargestRegularSideCm)
        {
            price += BulkySurcharge;
        }
        return express ? price * ExpressFactor : price;
    }

    private static decimal DomesticPrice(decimal kilos)
    {
        if (kilos <= 2m)
        {
            return 4.90m;
        }
        return kilos <= 10m ? 6.90m : 12.50m;
    }

    private static int ZoneFactor(string country)
    {
        if (country == HomeCountry)
        {
            return 1;
        }
        return EuCountries.Contains(country) ? 2 : 3;
    }
}
