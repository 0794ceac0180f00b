package main

import (
	"fmt"
	"os"
	"time"
)

func expect(label string, readings []Reading, degrees ...float64) {
	ok := len(readings) == len(degrees)
	for i := 0; ok && i < len(degrees); i++ {
		ok = readings[i].Celsius == degrees[i]
	}
	if !ok {
		fmt.Printf("%s: got %v, expected %v\n", label, readings, degrees)
		os.Exit(1)
	}
}

func main() {
	oslo := time.FixedZone("CEST", 2*60*60)
	local := func(hour int, celsius float64) Reading {
		return Reading{time.Date(2024, 6, 1, hour, 0, 0, 0, oslo), celsius}
	}
	utc := func(hour int, celsius float64) Reading {
		return Reading{time.Date(2024, 6, 1, hour, 0, 0, 0, time.UTC), celsius}
	}

	expect("nothing", Merge(nil, nil))
	expect("only one way", Merge(nil, []Reading{utc(9, 2), utc(8, 1)}), 1, 2)
	expect("between each other", Merge([]Reading{local(12, 3), local(10, 1)}, []Reading{utc(9, 2)}), 1, 2, 3)
	expect("twice over one way", Merge([]Reading{local(12, 3), local(12, 4)}, nil), 3)
	primary := []Reading{local(14, 5), local(12, 3)}
	expect("over both ways", Merge(primary, []Reading{utc(10, 30), utc(12, 50), utc(11, 4)}), 3, 4, 5)
	expect("arguments", primary, 5, 3)
}
