package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func expect(label string, actual, expected int) {
	if actual != expected {
		fmt.Printf("%s: got %d, expected %d\n", label, actual, expected)
		os.Exit(1)
	}
}

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func main() {
	start := time.Date(2024, 5, 1, 20, 0, 0, 0, time.UTC)
	viewers := NewViewers()
	expect("nobody", viewers.Count(start), 0)
	viewers.Beat("a", start)
	viewers.Beat("b", start.Add(10*time.Second))
	viewers.Beat("a", start.Add(20*time.Second))
	expect("both", viewers.Count(start.Add(40*time.Second)), 2)
	expect("one", viewers.Count(start.Add(41*time.Second)), 1)
	viewers.Beat("b", start.Add(42*time.Second))
	expect("back again", viewers.Count(start.Add(42*time.Second)), 2)

	before := heap()
	for minute := 2; minute < 102; minute++ {
		now := start.Add(time.Duration(minute) * time.Minute)
		for i := 0; i < 1000; i++ {
			viewers.Beat(fmt.Sprintf("viewer-%d-%d", minute, i), now)
		}
		expect("of this minute", viewers.Count(now), 1000)
	}
	if held := heap() - before; held > 2<<20 {
		fmt.Printf("%d bytes for 1,000 viewers\n", held)
		os.Exit(1)
	}
	runtime.KeepAlive(viewers)
}
