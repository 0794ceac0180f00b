using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

public class Waypoint
{
    public string Name { get; set; }
    public double Latitude { get; set; }
    public double Longitude { get; set; }
}

public static class WaypointFile
{
    public static IList<Waypoint> Read(TextReader reader)
    {
        var waypoints = new List<Waypoint>();
        string line;
        for (int number = 1; (line = reader.ReadLine()) != null; number++)
        {
            if (line.Length == 0)
                continue;
            string[] fields = line.Split(';');
            double latitude, longitude;
            if (fields.Length != 3
                || !TryDegrees(fields[1], 90, out latitude)
                || !TryDegrees(fields[2], 180, out longitude))
                throw new FormatException("line " + number + " is not a waypoint");
            waypoints.Add(new Waypoint { Name = fields[0], Latitude = latitude, Longitude = longitude });
        }
        return waypoints;
    }

    public static void Write(IEnumerable<Waypoint> waypoints, TextWriter writer)
    {
        foreach (Waypoint point in waypoints)
        {
            writer.WriteLine(string.Format(
                CultureInfo.InvariantCulture, "{0};{1:F5};{2:F5}", point.Name, point.Latitude, point.Longitude));
        }
    }

    private static bool TryDegrees(string text, double limit, out double degrees)
    {
        return double.TryParse(text, out degrees) && Math.Abs(degrees) <= limit;
    }
}
