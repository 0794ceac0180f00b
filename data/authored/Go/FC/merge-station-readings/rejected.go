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
	var merged []Reading
	seen := make(map[time.Time]bool)

	// The primary way goes first, so its readings are kept.
	all := append(append([]Reading{}, primary...), backup...)
	for _, reading := range all {
		if !seen[reading.At] {
			seen[reading.At] = true
			merged = append(merged, reading)
		}
	}
	sort.SliceStable(merged, func(i, j int) bool { return merged[i].At.Before(merged[j].At) })
	return merged
}
