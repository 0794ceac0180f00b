using System;
using System.Collections.Generic;

public static class Check
{
    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            Environment.Exit(1);
        }
    }

    public static int Main()
    {
        var shop = new ArmourShop(new Dictionary<string, int> { { "shield", 300 }, { "plate", 50000 }, { "nail", 1 } });
        var player = new Player { Gold = 1000 };
        Expect(shop.Buy(player, "shield", 2) && player.Gold == 400 && player.Items["shield"] == 2, "two shields");
        Expect(!shop.Buy(player, "shield", 2) && player.Gold == 400, "not enough");
        Expect(shop.Buy(player, "shield", 1) && player.Gold == 100 && player.Items["shield"] == 3, "one more");
        Expect(!shop.Buy(player, "sword", 1) && !shop.Buy(player, null, 1), "not sold");
        Expect(!shop.Buy(player, "nail", 0) && !shop.Buy(player, "nail", -5), "not positive");
        Expect(shop.Buy(player, "nail", 100) && player.Gold == 0, "the last gold");
        player.Gold = 10;
        foreach (int count in new[] { 42950, 85900, int.MaxValue, 1 << 28, 1 << 30 })
            Expect(!shop.Buy(player, "plate", count) && player.Gold == 10, count + " plates for 10 gold");
        Expect(!player.Items.ContainsKey("plate"), "no plates");
        return 0;
    }
}
