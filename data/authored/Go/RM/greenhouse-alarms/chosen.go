// Package greenhouse watches the climate of greenhouses.
package greenhouse

import "fmt"

const (
	maxCelsius     = 35.0
	minCelsius     = 8.0
	minSoilPercent = 20
	maxVentWindKmh = 60
)

// Reading is what the probes of a house measured.
type Reading struct {
	House                string
	Celsius              float64
	SoilPercent, WindKmh int
	VentsOpen            bool
}

// Alarms returns what somebody should attend to in a house.
func Alarms(r Reading) []string {
	var alarms []string
	alarm := func(format string, value interface{}) {
		alarms = append(alarms, r.House+": "+fmt.Sprintf(format, value))
	}

	if r.Celsius > maxCelsius {
		alarm("too hot (%.1f °C)", r.Celsius)
	} else if r.Celsius < minCelsius {
		alarm("too cold (%.1f °C)", r.Celsius)
	}
	if r.SoilPercent < minSoilPercent {
		alarm("dry soil (%d %%)", r.SoilPercent)
	}
	if r.VentsOpen && r.WindKmh > maxVentWindKmh {
		alarm("close the vents (wind %d km/h)", r.WindKmh)
	}
	return alarms
}
