package main

import (
	"fmt"
	"math"
	"os"
)

func expect(expected float64, pulsesPerKWh uint32, counts ...uint32) {
	actual, err := Usage(counts, pulsesPerKWh)
	if err != nil || math.Abs(actual-expected) > 1e-9*math.Max(1, expected) {
		fmt.Printf("%v: got %v, %v, expected %v\n", counts, actual, err, expected)
		os.Exit(1)
	}
}

func main() {
	expect(3, 1000, 500, 1500, 1500, 3500)
	expect(0, 1000, 7, 7)
	expect(4294967295, 1, 0, math.MaxUint32)
	expect(8.0, 1, math.MaxUint32-2, 5)
	expect(1, 1, math.MaxUint32, 0)
	expect(3*4294967296, 1, 0, 3000000000, 0, 3000000000, 0, 3000000000, 0)
	for _, counts := range [][]uint32{nil, {5}} {
		if _, err := Usage(counts, 1000); err == nil {
			fmt.Println("too few readings were accepted")
			os.Exit(1)
		}
	}
	if _, err := Usage([]uint32{1, 2}, 0); err == nil {
		fmt.Println("a meter without pulses was accepted")
		os.Exit(1)
	}
}
