using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

public static class Standings
{
    private sealed class Player
    {
        public string Name;
        public int Games;
        public int Wins;
        public int HalfPoints;

        public void Score(int halfPoints)
        {
            Games++;
            HalfPoints += halfPoints;
            Wins += halfPoints == 2 ? 1 : 0;
        }
    }

    private static readonly Dictionary<string, int> HalfPointsOfWhite =
        new Dictionary<string, int> { { "1-0", 2 }, { "1/2-1/2", 1 }, { "0-1", 0 } };

    public static IList<string> Table(IEnumerable<string> results)
    {
        var players = new Dictionary<string, Player>();
        foreach (string line in results)
        {
            string[] fields = line.Split(';');
            int white;
            if (fields.Length != 3 || !HalfPointsOfWhite.TryGetValue(fields[2], out white))
                throw new FormatException(line);
            Named(fields[0], players).Score(white);
            Named(fields[1], players).Score(2 - white);
        }
        return players.Values
            .OrderByDescending(player => player.HalfPoints)
            .ThenByDescending(player => player.Wins)
            .ThenBy(player => player.Name, StringComparer.Ordinal)
            .Select((player, index) => Row(index + 1, player))
            .ToList();
    }

    private static Player Named(string name, Dictionary<string, Player> players)
    {
        if (!players.ContainsKey(name))
            players[name] = new Player { Name = name };
        return players[name];
    }

    private static string Row(int place, Player player)
    {
        string points = (player.HalfPoints / 2m).ToString("0.#", CultureInfo.InvariantCulture);
        return place + ". " + player.Name + " " + points + " (" + player.Games + " games, " + player.Wins + " wins)";
    }
}
