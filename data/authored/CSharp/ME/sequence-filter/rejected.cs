using System;
using System.Collections.Generic;

public sealed class SequenceFilter
{
    private readonly int capacity;
    private readonly HashSet<int> seen = new HashSet<int>();

    public SequenceFilter(int capacity)
    {
        if (capacity < 0)
        {
            throw new ArgumentOutOfRangeException("capacity");
        }
        this.capacity = capacity;
    }

    public int Accepted
    {
        get { return seen.Count; }
    }

    public bool TryAccept(int number)
    {
        if (number < 0 || number >= capacity)
        {
            throw new ArgumentOutOfRangeException("number");
        }
        return seen.Add(number);
    }

    public IEnumerable<int> Missing(int upTo)
    {
        for (int number = 0; number < Math.Min(upTo, capacity); number++)
        {
            if (!seen.Contains(number))
            {
                yield return number;
            }
        }
    }

    public void Reset()
    {
        seen.Clear();
    }
}
