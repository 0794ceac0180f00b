using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

public class CatalogImport
{
    public readonly List<string[]> Products = new List<string[]>();
    public readonly List<string[]> Categories = new List<string[]>();
    public readonly List<string> Errors = new List<string>();

    public void Read(TextReader reader)
    {
        string line;
        for (int number = 1; (line = reader.ReadLine()) != null; number++)
        {
            string error = line.Length == 0 ? null : AddLine(line.Split(';'));
            if (error != null)
                Errors.Add("line " + number + ": " + error);
        }
    }

    private string AddLine(string[] parts)
    {
        string kind = parts[0];
        string[] fields = parts.Skip(1).ToArray();
        switch (kind)
        {
            case "P":
                return AddRow(Products, fields, 3);
            case "C":
                return AddRow(Categories, fields, 2);
            default:
                return "unknown kind '" + kind + "'";
        }
    }

    private static string AddRow(List<string[]> rows, string[] fields, int expectedCount)
    {
        if (fields.Length != expectedCount)
            return "expected " + expectedCount + " fields";
        int empty = Array.IndexOf(fields, "");
        if (empty >= 0)
            return "field " + (empty + 1) + " is empty";
        rows.Add(fields);
        return null;
    }
}
