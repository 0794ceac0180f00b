using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

public static class Standings
{
    public static IList<string> Table(IEnumerable<string> results)
    {
        var names = new List<string>();
        var numbers = new List<decimal[]>();
        foreach (string line in results)
        {
            string[] f = line.Split(';');
            if (f.Length != 3 || (f[2] != "1-0" && f[2] != "0-1" && f[2] != "1/2-1/2"))
                throw new FormatException(line);
            int w = names.IndexOf(f[0]);
            if (w == -1)
            {
                names.Add(f[0]);
                numbers.Add(new decimal[3]);
                w = names.Count - 1;
            }
            int b = names.IndexOf(f[1]);
            if (b == -1)
            {
                names.Add(f[1]);
                numbers.Add(new decimal[3]);
                b = names.Count - 1;
            }
            numbers[w][1]++;
            numbers[b][1]++;
            if (f[2] == "1-0")
            {
                numbers[w][0] += 1;
                numbers[w][2]++;
            }
            else if (f[2] == "0-1")
            {
                numbers[b][0] += 1;
                numbers[b][2]++;
            }
            else
            {
                numbers[w][0] += 0.5m;
                numbers[b][0] += 0.5m;
            }
        }
        var order = Enumerable.Range(0, names.Count)
            .OrderByDescending(i => numbers[i][0]).ThenByDescending(i => numbers[i][2])
            .ThenBy(i => names[i], StringComparer.Ordinal).ToList();
        return order.Select((i, n) => (n + 1) + ". " + names[i] + " "
            + numbers[i][0].ToString("0.#", CultureInfo.InvariantCulture)
            + " (" + numbers[i][1] + " games, " + numbers[i][2] + " wins)").ToList();
    }
}
