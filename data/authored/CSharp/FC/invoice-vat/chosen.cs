using System;
using System.Collections.Generic;
using System.Linq;

public class Invoice
{
    private sealed class Line
    {
        public string Article;
        public decimal Net;
        public decimal VatRate;
    }

    private readonly List<Line> lines = new List<Line>();

    public void Add(string article, int quantity, decimal unitPrice, decimal vatRate)
    {
        lines.Add(new Line
        {
            Article = article,
            Net = ToCents(quantity * unitPrice),
            VatRate = vatRate
        });
    }

    public decimal Net
    {
        get { return lines.Sum(line => line.Net); }
    }

    public decimal Vat
    {
        get { return VatByRate().Values.Sum(); }
    }

    public decimal Gross
    {
        get { return Net + Vat; }
    }

    public IDictionary<decimal, decimal> VatByRate()
    {
        return lines
            .GroupBy(line => line.VatRate)
            .ToDictionary(group => group.Key, group => ToCents(group.Key * group.Sum(line => line.Net)));
    }

    private static decimal ToCents(decimal amount)
    {
        return Math.Round(amount, 2, MidpointRounding.AwayFromZero);
    }
}
