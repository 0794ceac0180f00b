using System;
using System.Collections.Generic;

public class Camera
{
    public int KilobitsPerSecond { get; set; }
    public int HoursPerDay { get; set; }
    public int DaysKept { get; set; }
}

public static class CameraStorage
{
    private const int BytesPerKilobit = 125;
    private const int SecondsPerHour = 3600;

    public static long Bytes(IEnumerable<Camera> cameras)
    {
        long total = 0;
        foreach (Camera camera in cameras)
        {
            if (camera.KilobitsPerSecond < 0 || camera.HoursPerDay < 0 || camera.DaysKept < 0)
                throw new ArgumentException("a camera with negative values", "cameras");
            long seconds = (long)camera.DaysKept * camera.HoursPerDay * SecondsPerHour;
            total += seconds * camera.KilobitsPerSecond * BytesPerKilobit;
        }
        return total;
    }

    public static int Disks(IEnumerable<Camera> cameras, long bytesPerDisk)
    {
        if (bytesPerDisk <= 0)
            throw new ArgumentOutOfRangeException("bytesPerDisk");
        long bytes = Bytes(cameras);
        long disks = bytes / bytesPerDisk;
        if (bytes % bytesPerDisk != 0)
            disks++;
        return (int)Math.Max(1, disks);
    }
}
