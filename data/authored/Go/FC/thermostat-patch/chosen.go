package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Settings is what the owner of a thermostat can change.
type Settings struct {
	Target int    `json:"target"`
	Offset int    `json:"offset"`
	Hold   bool   `json:"hold"`
	Name   string `json:"name"`
}

// Apply returns the settings with the changes of a JSON body.
func Apply(settings Settings, body []byte) (Settings, error) {
	// Fields that the body does not name keep their values.
	changed := settings
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&changed); err != nil {
		return settings, fmt.Errorf("reading the changes: %w", err)
	}

	if changed.Target < -200 || changed.Target > 300 {
		return settings, fmt.Errorf("target %d is out of range", changed.Target)
	}
	if changed.Offset < -50 || changed.Offset > 50 {
		return settings, fmt.Errorf("offset %d is out of range", changed.Offset)
	}
	return changed, nil
}
