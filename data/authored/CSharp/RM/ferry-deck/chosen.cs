using System.Collections.Generic;
using System.Linq;

public class FerryDeck
{
    private const int DistanceCentimetres = 50;

    private sealed class Lane
    {
        public readonly List<string> Plates = new List<string>();
        public int Number;
        public int FreeCentimetres;
    }

    private readonly List<Lane> lanes;

    public FerryDeck(int lanes, int laneCentimetres)
    {
        this.lanes = Enumerable.Range(1, lanes)
            .Select(number => new Lane { Number = number, FreeCentimetres = laneCentimetres })
            .ToList();
    }

    /// <summary>Loads a vehicle into the emptiest lane and returns that lane's number.</summary>
    public int? Board(string plate, int centimetres)
    {
        int needed = centimetres + DistanceCentimetres;
        Lane lane = EmptiestLane();
        if (lane == null || lane.FreeCentimetres < needed)
            return null;
        lane.Plates.Add(plate);
        lane.FreeCentimetres -= needed;
        return lane.Number;
    }

    public IList<string> Manifest()
    {
        return lanes.Select(Describe).ToList();
    }

    private Lane EmptiestLane()
    {
        // The sort is stable, so the lowest number wins among equals.
        return lanes.OrderByDescending(lane => lane.FreeCentimetres).FirstOrDefault();
    }

    private static string Describe(Lane lane)
    {
        string plates = lane.Plates.Count == 0 ? "-" : string.Join(", ", lane.Plates);
        return "lane " + lane.Number + ": " + plates + " (" + lane.FreeCentimetres + " cm free)";
    }
}
