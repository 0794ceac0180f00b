package main

import (
	"sort"
	"time"
)

// Reading is what a station measured at a moment.
type Reading struct {
	At      time.Time
	Celsius float64
}

// Merge returns the readings of both ways, one for each moment, sorted by time.
func Merge(primary, backup []Reading) []Reading {
	all := make([]Reading, 0, len(primary)+len(backup))
	all = append(all, primary...)
	all = append(all, backup...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.Before(all[j].At) })

	// Among equals the one to keep comes first.
	merged := all[:0]
	for _, reading := range all {
		if last := len(merged) - 1; last < 0 || !merged[last].At.Equal(reading.At) {
			merged = append(merged, reading)
		}
	}
	return merged
}
