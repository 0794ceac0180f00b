using System;

public static class Check
{
    private static void Expect(long expected, long actual)
    {
        if (expected != actual)
        {
            Console.Error.WriteLine("expected " + expected + ", got " + actual);
            Environment.Exit(1);
        }
    }

    private static Camera Camera(int rate, int hours, int days)
    {
        return new Camera { KilobitsPerSecond = rate, HoursPerDay = hours, DaysKept = days };
    }

    public static int Main()
    {
        Expect(0, CameraStorage.Bytes(new Camera[0]));
        Expect(1, CameraStorage.Disks(new Camera[0], 1000));
        Expect(450000, CameraStorage.Bytes(new[] { Camera(1, 1, 1) }));
        Camera[] shop = { Camera(2000, 12, 7), Camera(64, 24, 30) };
        Expect(75600000000 + 20736000000, CameraStorage.Bytes(shop));
        Expect(1, CameraStorage.Disks(shop, 96336000000));
        Expect(2, CameraStorage.Disks(shop, 96335999999));
        try
        {
            CameraStorage.Bytes(new[] { Camera(1, -1, 1) });
            Expect(0, 1);
        }
        catch (ArgumentException)
        {
            Expect(450, CameraStorage.Disks(new[] { Camera(1, 1, 1) }, 1000));
        }
        Expect(3888000000000, CameraStorage.Bytes(new[] { Camera(4000, 24, 90) }));
        Expect(315360000000000, CameraStorage.Bytes(new[] { Camera(40000, 24, 730) }));
        return 0;
    }
}
