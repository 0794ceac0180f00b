package main

import (
	"errors"
	"fmt"
	"math"
)

// Usage returns the energy in kWh between the first and the last reading of a meter.
func Usage(counts []uint32, pulsesPerKWh uint32) (float64, error) {
	if len(counts) < 2 {
		return 0, fmt.Errorf("usage needs two readings, got %d", len(counts))
	}
	if pulsesPerKWh == 0 {
		return 0, errors.New("meter has no pulses per kWh")
	}

	var pulses uint64
	for i, count := range counts[1:] {
		pulses += uint64(count) - uint64(counts[i])
		if count < counts[i] {
			// The counter passed zero in between.
			pulses += math.MaxUint32
		}
	}
	return float64(pulses) / float64(pulsesPerKWh), nil
}
