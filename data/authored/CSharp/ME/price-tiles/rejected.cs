using System;
using System.Collections.Generic;

public class PriceEventArgs : EventArgs
{
    public string Symbol;
    public decimal Price;
}

public class PriceFeed
{
    public event EventHandler<PriceEventArgs> Updated = delegate { };

    public void Publish(string symbol, decimal price)
    {
        Updated(this, new PriceEventArgs { Symbol = symbol, Price = price });
    }
}

public sealed class PriceTile : IDisposable
{
    private const int HistoryLimit = 500;
    private readonly List<decimal> history = new List<decimal>();
    private bool disposed;

    public PriceTile(PriceFeed feed, string symbol)
    {
        Symbol = symbol;
        feed.Updated += OnUpdated;
    }

    public event EventHandler Changed = delegate { };
    public string Symbol { get; private set; }
    public decimal? Last { get; private set; }
    public IList<decimal> History { get { return history.AsReadOnly(); } }

    public void Dispose()
    {
        disposed = true;
        Changed = delegate { };
    }

    private void OnUpdated(object sender, PriceEventArgs update)
    {
        if (disposed || update.Symbol != Symbol)
            return;
        Last = update.Price;
        history.Add(update.Price);
        if (history.Count > HistoryLimit)
            history.RemoveAt(0);
        Changed(this, EventArgs.Empty);
    }
}
