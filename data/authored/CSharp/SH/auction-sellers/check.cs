using System;

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

    private static string Card(string name, string website, string about)
    {
        return SellerCard.Render(new Seller { Name = name, Website = website, About = about });
    }

    public static int Main()
    {
        Expect(Card("Ann", null, "") == "<div class=\"seller\"><h3>Ann</h3></div>", "a name only");
        Expect(Card("A&B", " ", "<b>") == "<div class=\"seller\"><h3>A&amp;B</h3><p>&lt;b&gt;</p></div>", "encoded");
        Expect(Card("Ann", "http://example.org/a?b=1&c=2", null).Contains(
            "<a href=\"http://example.org/a?b=1&amp;c=2\">http://example.org/a?b=1&amp;c=2</a>"), "http");
        Expect(Card("Ann", "example.org/shop", null).Contains("<a href=\"https://example.org/shop\">example.org/shop</a>"), "no scheme");
        Expect(!Card("Ann", "https://example.org/\"onclick=\"x", null).Contains("\"onclick"), "a quote");
        foreach (string hostile in new[] { "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x" })
            Expect(Card("Ann", hostile, null).IndexOf("href=\"" + hostile, StringComparison.OrdinalIgnoreCase) < 0, hostile);
        return 0;
    }
}
