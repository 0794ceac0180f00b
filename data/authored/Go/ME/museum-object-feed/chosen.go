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
	decoder := json.NewDecoder(feed)
	start, err := decoder.Token()
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	if start != json.Delim('[') {
		return errors.New("catalogue is not an array")
	}
	for decoder.More() {
		var object Object
		if err := decoder.Decode(&object); err != nil {
			return fmt.Errorf("reading an object: %w", err)
		}
		if err := handle(object); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("reading the end of the catalogue: %w", err)
	}
	return nil
}
