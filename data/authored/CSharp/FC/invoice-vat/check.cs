using System;

public static class Check
{
    private static int failures;

    private static void Expect(decimal expected, decimal actual, string what)
    {
        if (expected != actual)
        {
            Console.Error.WriteLine("{0}: expected {1}, got {2}", what, expected, actual);
            failures++;
        }
    }

    public static int Main()
    {
        var invoice = new Invoice();
        Expect(0m, invoice.Gross, "empty");
        invoice.Add("bolt", 3, 1.10m, 0.19m);
        invoice.Add("nut", 10, 0.333m, 0.19m);
        invoice.Add("book", 1, 20.00m, 0.07m);
        Expect(26.63m, invoice.Net, "net");
        Expect(1.26m, invoice.VatByRate()[0.19m], "vat 19");
        Expect(1.40m, invoice.VatByRate()[0.07m], "vat 7");
        Expect(29.29m, invoice.Gross, "gross");

        var half = new Invoice();
        half.Add("washer", 5, 0.0250m, 0.20m);
        Expect(0.13m, half.Net, "half cent, even neighbour below");
        half.Add("clip", 1, 0.0150m, 0.20m);
        Expect(0.15m, half.Net, "half cent, odd neighbour below");

        var vat = new Invoice();
        vat.Add("cable", 1, 2.10m, 0.25m);
        Expect(0.53m, vat.Vat, "half cent of vat");

        var credit = new Invoice();
        credit.Add("return", -1, 0.125m, 0m);
        Expect(-0.13m, credit.Net, "credit");
        return failures == 0 ? 0 : 1;
    }
}
