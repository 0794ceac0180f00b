using System;

public class VoxelWorld
{
    private sealed class Block
    {
        public static readonly Block Untouched = new Block(0, 15);

        public readonly byte Material;
        public readonly byte Light;

        public Block(byte material, byte light)
        {
            Material = material;
            Light = light;
        }
    }

    // A block that nobody has set takes no room of its own.
    private readonly Block[,,] blocks;

    public VoxelWorld(int width, int depth, int height)
    {
        blocks = new Block[width, depth, height];
    }

    public byte Material(int x, int y, int z)
    {
        return At(x, y, z).Material;
    }

    public byte Light(int x, int y, int z)
    {
        return At(x, y, z).Light;
    }

    public void Set(int x, int y, int z, byte material, byte light)
    {
        At(x, y, z);
        blocks[x, y, z] = new Block(material, light);
    }

    private Block At(int x, int y, int z)
    {
        if (x < 0 || x >= blocks.GetLength(0))
            throw new ArgumentOutOfRangeException("x");
        if (y < 0 || y >= blocks.GetLength(1))
            throw new ArgumentOutOfRangeException("y");
        if (z < 0 || z >= blocks.GetLength(2))
            throw new ArgumentOutOfRangeException("z");
        return blocks[x, y, z] ?? Block.Untouched;
    }
}
