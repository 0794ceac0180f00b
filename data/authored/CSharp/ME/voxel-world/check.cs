using System;

public static class Check
{
    private const int Side = 64;

    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            Environment.Exit(1);
        }
    }

    private static bool Refuses(VoxelWorld world, int x, int y, int z)
    {
        try
        {
            world.Set(x, y, z, 1, 1);
            return false;
        }
        catch (ArgumentOutOfRangeException)
        {
            return true;
        }
    }

    public static int Main()
    {
        var small = new VoxelWorld(3, 2, 4);
        small.Set(2, 1, 3, 7, 0);
        Expect(small.Material(2, 1, 3) == 7 && small.Light(2, 1, 3) == 0, "a block that is set");
        Expect(small.Material(1, 1, 3) == 0 && small.Light(0, 0, 0) == 15, "a block at the start");
        Expect(Refuses(small, 3, 0, 0) && Refuses(small, 0, 2, 0) && Refuses(small, 0, 0, 4) && Refuses(small, -1, 0, 0), "limits");

        long before = GC.GetTotalMemory(true);
        var world = new VoxelWorld(Side, Side, Side);
        for (int i = 0; i < Side * Side * Side; i++)
            world.Set(i % Side, i / Side % Side, i / Side / Side, (byte)i, (byte)(i % 16));
        long bytes = GC.GetTotalMemory(true) - before;
        Expect(world.Material(5, 1, 0) == 69, "the last block");
        Expect(bytes < 8L * Side * Side * Side, bytes + " bytes for " + Side * Side * Side + " blocks");
        return 0;
    }
}
