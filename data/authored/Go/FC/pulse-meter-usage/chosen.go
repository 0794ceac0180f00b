package main

import (
	"errors"
	"fmt"
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
		// The difference wraps around in 32 bits, as the counter does.
		pulses += uint64(count - counts[i])
	}
	return float64(pulses) / float64(pulsesPerKWh), nil
}
