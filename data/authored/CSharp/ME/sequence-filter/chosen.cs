using System;
using System.Collections;
using System.Collections.Generic;

public sealed class SequenceFilter
{
    private readonly BitArray seen;

    public SequenceFilter(int capacity)
    {
        seen = new BitArray(capacity);
    }

    public int Accepted { get; private set; }

    public bool TryAccept(int number)
    {
        if (number < 0 || number >= seen.Length)
        {
            throw new ArgumentOutOfRangeException("number");
        }
        if (seen[number])
        {
            return false;
        }
        seen[number] = true;
        Accepted++;
        return true;
    }

    public IEnumerable<int> Missing(int upTo)
    {
        for (int number = 0; number < Math.Min(upTo, seen.Length); number++)
        {
            if (!seen[number])
            {
                yield return number;
            }
        }
    }

    public void Reset()
    {
        seen.SetAll(false);
        Accepted = 0;
    }
}
