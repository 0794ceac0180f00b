using System.Collections.Generic;

public class Player
{
    public Player()
    {
        Items = new Dictionary<string, int>();
    }

    public int Gold { get; set; }
    public IDictionary<string, int> Items { get; private set; }
}

public class ArmourShop
{
    private readonly IDictionary<string, int> prices;

    public ArmourShop(IDictionary<string, int> prices)
    {
        this.prices = prices;
    }

    public bool Buy(Player player, string item, int count)
    {
        int price;
        if (count < 1 || item == null || !prices.TryGetValue(item, out price))
            return false;
        if (count > player.Gold / price)
            return false;

        // From here on the purchase cannot fail any more.
        int owned;
        player.Items.TryGetValue(item, out owned);
        player.Items[item] = owned + count;
        player.Gold -= count * price;
        return true;
    }
}
