using System;

public sealed class EndpointKey : IEquatable<EndpointKey>
{
    public EndpointKey(string host, int port, bool encrypted)
    {
        if (host == null)
        {
            throw new ArgumentNullException("host");
        }
        Host = host;
        Port = port;
        Encrypted = encrypted;
    }

    public string Host { get; private set; }

    public int Port { get; private set; }

    public bool Encrypted { get; private set; }

    public bool Equals(EndpointKey other)
    {
        return !ReferenceEquals(other, null)
            && string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase)
            && Port == other.Port
            && Encrypted == other.Encrypted;
    }

    public override bool Equals(object obj)
    {
        return Equals(obj as EndpointKey);
    }

    public override int GetHashCode()
    {
        return StringComparer.OrdinalIgnoreCase.GetHashCode(Host) ^ Port;
    }

    public static bool operator ==(EndpointKey left, EndpointKey right)
    {
        return ReferenceEquals(left, null) ? ReferenceEquals(right, null) : left.Equals(right);
    }

    public static bool operator !=(EndpointKey left, EndpointKey right)
    {
        return !(left == right);
    }

    public override string ToString()
    {
        return string.Format("{0}://{1}:{2}", Encrypted ? "tls" : "tcp", Host, Port);
    }
}
