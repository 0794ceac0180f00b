using System;
using System.Security.Cryptography;
using System.Text;

public class WebhookVerifier
{
    private const long ToleranceSeconds = 300;
    private readonly byte[] secret;

    public WebhookVerifier(byte[] secret)
    {
        this.secret = secret;
    }

    public bool IsAuthentic(string header, string body, long nowSeconds)
    {
        string[] parts = (header ?? "").Split(',');
        long time;
        if (parts.Length != 2)
            return false;
        if (!parts[0].StartsWith("t=", StringComparison.Ordinal) || !parts[1].StartsWith("v1=", StringComparison.Ordinal))
            return false;
        if (!long.TryParse(parts[0].Substring(2), out time))
            return false;
        if (time < nowSeconds - ToleranceSeconds || time > nowSeconds + ToleranceSeconds)
            return false;
        return Matches(Sign(parts[0].Substring(2) + "." + body), parts[1].Substring(3));
    }

    private string Sign(string text)
    {
        using (var hmac = new HMACSHA256(secret))
        {
            byte[] digest = hmac.ComputeHash(Encoding.UTF8.GetBytes(text));
            return BitConverter.ToString(digest).Replace("-", "").ToLowerInvariant();
        }
    }

    private static bool Matches(string expected, string given)
    {
        int difference = expected.Length ^ given.Length;
        for (int i = 0; i < expected.Length && i < given.Length; i++)
            difference |= expected[i] ^ given[i];
        return difference == 0;
    }
}
