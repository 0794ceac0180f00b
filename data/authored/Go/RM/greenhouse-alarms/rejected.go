// Package greenhouse watches the climate of greenhouses.
package greenhouse

import "fmt"

// Reading is what the probes of a house measured.
type Reading struct {
	House                string
	Celsius              float64
	SoilPercent, WindKmh int
	VentsOpen            bool
}

type alarmRule interface {
	evaluate(r Reading) (string, bool)
}

type thresholdRule struct {
	value                func(r Reading) float64
	direction, threshold float64
	format               string
}

func (t thresholdRule) evaluate(r Reading) (string, bool) {
	value := t.value(r)
	return fmt.Sprintf(t.format, value), t.direction*value > t.direction*t.threshold
}

type openVentsRule struct{ alarmRule }

func (v openVentsRule) evaluate(r Reading) (string, bool) {
	text, raised := v.alarmRule.evaluate(r)
	return text, raised && r.VentsOpen
}

var rules = []alarmRule{
	thresholdRule{func(r Reading) float64 { return r.Celsius }, 1, 35, "too hot (%.1f °C)"},
	thresholdRule{func(r Reading) float64 { return r.Celsius }, -1, 8, "too cold (%.1f °C)"},
	thresholdRule{func(r Reading) float64 { return float64(r.SoilPercent) }, -1, 20, "dry soil (%.0f %%)"},
	openVentsRule{thresholdRule{
		func(r Reading) float64 { return float64(r.WindKmh) }, 1, 60, "close the vents (wind %.0f km/h)",
	}},
}

// Alarms returns what somebody should attend to in a house.
func Alarms(r Reading) (alarms []string) {
	for _, rule := range rules {
		if text, raised := rule.evaluate(r); raised {
			alarms = append(alarms, r.House+": "+text)
		}
	}
	return alarms
}
