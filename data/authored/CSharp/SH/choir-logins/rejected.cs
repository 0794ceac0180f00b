using System;
using System.Security.Cryptography;
using System.Text;

public static class MemberPasswords
{
    private const int SaltBytes = 16;

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
        byte[] text = Encoding.UTF8.GetBytes(password);
        var salted = new byte[salt.Length + text.Length];
        salt.CopyTo(salted, 0);
        text.CopyTo(salted, salt.Length);
        using (SHA512 hash = SHA512.Create())
            return hash.ComputeHash(salted);
    }

    private static bool AreEqual(byte[] left, byte[] right)
    {
        int difference = left.Length ^ right.Length;
        for (int i = 0; i < left.Length && i < right.Length; i++)
            difference |= left[i] ^ right[i];
        return difference == 0;
    }
}
