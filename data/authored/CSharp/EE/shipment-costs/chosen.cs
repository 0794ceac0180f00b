using System;
using System.Collections.Generic;

public class Tariff
{
    public string Carrier;
    public string Zone;
    public decimal PricePerKilo;
}

public class Shipment
{
    public string Number;
    public string Carrier;
    public string Zone;
    public decimal Kilos;
}

public class CostLine
{
    public string Number;
    public decimal? Cost;
}

public static class ShipmentCosts
{
    public static List<CostLine> Allocate(IList<Shipment> shipments, IList<Tariff> tariffs)
    {
        var prices = new Dictionary<Tuple<string, string>, decimal>();
        foreach (var tariff in tariffs)
        {
            prices.Add(Tuple.Create(tariff.Carrier, tariff.Zone), tariff.PricePerKilo);
        }

        var lines = new List<CostLine>(shipments.Count);
        foreach (var shipment in shipments)
        {
            decimal? cost = null;
            decimal price;
            if (prices.TryGetValue(Tuple.Create(shipment.Carrier, shipment.Zone), out price))
            {
                cost = price * shipment.Kilos;
            }
            lines.Add(new CostLine { Number = shipment.Number, Cost = cost });
        }
        return lines;
    }
}
