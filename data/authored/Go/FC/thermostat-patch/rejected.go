package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Settings is what the owner of a thermostat can change.
type Settings struct {
	Target int    `json:"target,omitempty"`
	Offset int    `json:"offset,omitempty"`
	Hold   bool   `json:"hold,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Apply returns the settings with the changes of a JSON body.
func Apply(settings Settings, body []byte) (Settings, error) {
	var changes Settings
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&changes); err != nil {
		return settings, fmt.Errorf("reading the changes: %w", err)
	}
	if changes.Target < -200 || changes.Target > 300 {
		return settings, fmt.Errorf("target %d is out of range", changes.Target)
	}
	if changes.Offset < -50 || changes.Offset > 50 {
		return settings, fmt.Errorf("offset %d is out of range", changes.Offset)
	}

	// Fields that the body does not name keep their values.
	if changes.Target == 0 {
		changes.Target = settings.Target
	}
	if changes.Offset == 0 {
		changes.Offset = settings.Offset
	}
	if changes.Name == "" {
		changes.Name = settings.Name
	}
	changes.Hold = changes.Hold || settings.Hold
	return changes, nil
}
