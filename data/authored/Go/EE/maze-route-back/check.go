package main

import (
	"fmt"
	"os"
	"runtime"
)

func fail(label string, values ...interface{}) {
	fmt.Println(append([]interface{}{label}, values...)...)
	os.Exit(1)
}

func main() {
	a, b, c, d := Cell{0, 0}, Cell{0, 1}, Cell{1, 1}, Cell{5, 5}
	cameFrom := map[Cell]Cell{b: a, c: b, d: d}
	route, err := Route(cameFrom, a, c)
	if err != nil || len(route) != 3 || route[0] != a || route[1] != b || route[2] != c {
		fail("wrong route:", route, err)
	}
	if route, err = Route(nil, a, a); err != nil || len(route) != 1 || route[0] != a {
		fail("wrong route to the start:", route, err)
	}
	for _, goal := range []Cell{d, {9, 9}} {
		if route, err = Route(cameFrom, a, goal); err == nil {
			fail("a way back was found:", route)
		}
	}

	const steps = 5000
	long := make(map[Cell]Cell, steps)
	for x := int32(1); x <= steps; x++ {
		long[Cell{x, 0}] = Cell{x - 1, 0}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	route, err = Route(long, a, Cell{steps, 0})
	runtime.ReadMemStats(&after)
	if err != nil || len(route) != steps+1 {
		fail("wrong long route:", len(route), err)
	}
	if copied := after.TotalAlloc - before.TotalAlloc; copied > 5<<20 {
		fail("bytes for 5,000 cells:", copied)
	}
}
