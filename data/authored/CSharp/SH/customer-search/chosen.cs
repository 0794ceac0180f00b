using System.Collections.Generic;
using System.Data;

public class Customer
{
    public int Id;
    public string Name;
    public string City;
}

public class CustomerSearch
{
    private const int PageSize = 50;
    private readonly IDbConnection connection;

    public CustomerSearch(IDbConnection connection)
    {
        this.connection = connection;
    }

    public int TenantId { get; set; }

    public IList<Customer> Find(string term, int page)
    {
        using (IDbCommand command = connection.CreateCommand())
        {
            command.CommandText =
                "SELECT id, name, city FROM customers"
                + " WHERE tenant_id = @tenant AND name ILIKE '%' || @term || '%'"
                + " ORDER BY name LIMIT @size OFFSET @start";
            Bind(command, "tenant", TenantId);
            Bind(command, "term", term);
            Bind(command, "size", PageSize);
            Bind(command, "start", page * PageSize);

            var found = new List<Customer>();
            using (IDataReader row = command.ExecuteReader())
            {
                while (row.Read())
                    found.Add(new Customer { Id = row.GetInt32(0), Name = row.GetString(1), City = row.GetString(2) });
            }
            return found;
        }
    }

    private static void Bind(IDbCommand command, string name, object value)
    {
        IDbDataParameter parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
