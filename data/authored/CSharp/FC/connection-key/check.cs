using System;
using System.Collections.Generic;

public static class Check
{
    private static int failures;

    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            failures++;
        }
    }

    public static int Main()
    {
        var lower = new EndpointKey("db.example.org", 443, true);
        var upper = new EndpointKey("DB.Example.org", 443, true);
        Expect(lower.Equals(upper) && lower == upper && !(lower != upper), "case of the host");
        Expect(lower.Equals((object)upper), "object equality");
        Expect(lower != new EndpointKey("db.example.org", 444, true), "port");
        Expect(lower != new EndpointKey("db.example.org", 443, false), "encryption");
        Expect(lower != null && !lower.Equals("db.example.org"), "other things");
        Expect(upper.ToString() == "tls://DB.Example.org:443", "text");
        Expect(new EndpointKey("h", 80, false).ToString() == "tcp://h:80", "plain text");

        var pool = new Dictionary<EndpointKey, string>();
        pool[lower] = "first";
        pool[upper] = "second";
        Expect(pool.Count == 1, "one entry");
        string found;
        Expect(pool.TryGetValue(new EndpointKey("DB.EXAMPLE.ORG", 443, true), out found) && found == "second", "lookup");
        return failures == 0 ? 0 : 1;
    }
}
