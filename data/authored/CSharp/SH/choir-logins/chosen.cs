using System;
using System.Security.Cryptography;

public static class MemberPasswords
{
    private const int SaltBytes = 16;
    private const int DigestBytes = 32;
    private const int Rounds = 200000;

    public static string Hash(string password)
    {
        var salt = new byte[SaltBytes];
        using (RandomNumberGenerator random = RandomNumberGenerator.Create())
            random.GetBytes(salt);
        return Convert.ToBase64String(salt) + ":" + Convert.ToBase64String(Digest(password, salt));
    }

    public static bool Verify(string password, string stored)
    {
        string[] parts = (stored ?? "").Split(':');
        if (parts.Length != 2)
            return false;
        try
        {
            byte[] salt = Convert.FromBase64String(parts[0]);
            byte[] expected = Convert.FromBase64String(parts[1]);
            return salt.Length == SaltBytes && AreEqual(Digest(password, salt), expected);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static byte[] Digest(string password, byte[] salt)
    {
        using (var derived = new Rfc2898DeriveBytes(password, salt, Rounds, HashAlgorithmName.SHA256))
            return derived.GetBytes(DigestBytes);
    }

    private static bool AreEqual(byte[] left, byte[] right)
    {
        int difference = left.Length ^ right.Length;
        for (int i = 0; i < left.Length && i < right.Length; i++)
            difference |= left[i] ^ right[i];
        return difference == 0;
    }
}
