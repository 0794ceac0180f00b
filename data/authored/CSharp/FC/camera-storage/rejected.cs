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
    private const int BytesPerKilobyte = 1000;
    private const int KilobytesPerHourAndKilobit = 450;

    public static long Bytes(IEnumerable<Camera> cameras)
    {
        long total = 0;
        foreach (Camera camera in cameras)
        {
            if (camera.KilobitsPerSecond < 0 || camera.HoursPerDay < 0 || camera.DaysKept < 0)
                throw new ArgumentException("a camera with negative values", "cameras");
            int kilobytesPerDay = camera.KilobitsPerSecond * KilobytesPerHourAndKilobit * camera.HoursPerDay;
            total += (long)(kilobytesPerDay * camera.DaysKept) * BytesPerKilobyte;
        }
        return total;
    }

    public static int Disks(IEnumerable<Camera> cameras, long bytesPerDisk)
    {
        if (bytesPerDisk <= 0)
            throw new ArgumentOutOfRangeException("bytesPerDisk");
        // Round up: a disk that is begun has to be bought.
        long disks = (Bytes(cameras) + bytesPerDisk - 1) / bytesPerDisk;
        return (int)Math.Max(1, disks);
    }
}
