using System;

public class VoxelWorld
{
    private const byte Daylight = 15;

    private readonly int width;
    private readonly int depth;
    private readonly int height;
    // Both have the block (x, y, z) at Position(x, y, z).
    private readonly byte[] materials;
    private readonly byte[] lights;

    public VoxelWorld(int width, int depth, int height)
    {
        this.width = width;
        this.depth = depth;
        this.height = height;
        materials = new byte[width * depth * height];
        lights = new byte[materials.Length];
        for (int i = 0; i < lights.Length; i++)
            lights[i] = Daylight;
    }

    public byte Material(int x, int y, int z)
    {
        return materials[Position(x, y, z)];
    }

    public byte Light(int x, int y, int z)
    {
        return lights[Position(x, y, z)];
    }

    public void Set(int x, int y, int z, byte material, byte light)
    {
        int position = Position(x, y, z);
        materials[position] = material;
        lights[position] = light;
    }

    private int Position(int x, int y, int z)
    {
        if (x < 0 || x >= width)
            throw new ArgumentOutOfRangeException("x");
        if (y < 0 || y >= depth)
            throw new ArgumentOutOfRangeException("y");
        if (z < 0 || z >= height)
            throw new ArgumentOutOfRangeException("z");
        return (z * depth + y) * width + x;
    }
}
