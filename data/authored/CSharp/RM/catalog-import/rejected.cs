using System.Collections.Generic;
using System.IO;

public class CatalogImport
{
    private const string ProductKind = "P";
    private const string CategoryKind = "C";

    public readonly List<string[]> Products = new List<string[]>();
    public readonly List<string[]> Categories = new List<string[]>();
    public readonly List<string> Errors = new List<string>();

    public void Read(TextReader reader)
    {
        string line;
        int number = 0;
        while ((line = reader.ReadLine()) != null)
        {
            number++;
            if (line.Length == 0)
                continue;
            string[] parts = line.Split(';');
            if (parts[0] == ProductKind)
            {
                if (parts.Length != 4)
                    Errors.Add("line " + number + ": expected 3 fields");
                else if (parts[1] == "")
                    Errors.Add("line " + number + ": field 1 is empty");
                else if (parts[2] == "")
                    Errors.Add("line " + number + ": field 2 is empty");
                else if (parts[3] == "")
                    Errors.Add("line " + number + ": field 3 is empty");
                else
                    Products.Add(new[] { parts[1], parts[2], parts[3] });
            }
            else if (parts[0] == CategoryKind)
            {
                if (parts.Length != 3)
                    Errors.Add("line " + number + ": expected 2 fields");
                else if (parts[1] == "")
                    Errors.Add("line " + number + ": field 1 is empty");
                else if (parts[2] == "")
                    Errors.Add("line " + number + ": field 2 is empty");
                else
                    Categories.Add(new[] { parts[1], parts[2] });
            }
            else
                Errors.Add("line " + number + ": unknown kind '" + parts[0] + "'");
        }
    }
}
