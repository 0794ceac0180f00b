using System.Collections.Generic;
using System.Linq;

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
        var lines = new List<CostLine>(shipments.Count);
        foreach (var shipment in shipments)
        {
            decimal? cost = null;
            var match = tariffs.FirstOrDefault(tariff =>
                tariff.Carrier == shipment.Carrier && tariff.Zone == shipment.Zone);
            if (match != null)
            {
                cost = match.PricePerKilo * shipment.Kilos;
            }
            lines.Add(new CostLine { Number = shipment.Number, Cost = cost });
        }
        return lines;
    }
}
