package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Object is a piece of a museum's collection.
type Object struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Year  int    `json:"year"`
}

// Each calls a function for every object of a catalogue.
func Each(feed io.Reader, handle func(Object) error) error {
	var pieces []json.RawMessage
	if err := json.NewDecoder(feed).Decode(&pieces); err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	if pieces == nil {
		return errors.New("catalogue is not an array")
	}

	for _, piece := range pieces {
		var object Object
		if err := json.Unmarshal(piece, &object); err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		if err := handle(object); err != nil {
			return err
		}
	}
	return nil
}
