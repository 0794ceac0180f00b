package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

type memoryStore struct {
	prescriptions map[string]Prescription
	refills       []string
}

func (s *memoryStore) Find(id string) (Prescription, error) {
	if found, ok := s.prescriptions[id]; ok {
		return found, nil
	}
	return Prescription{}, ErrNotFound
}

func (s *memoryStore) AddRefill(id string, at time.Time) error {
	s.refills = append(s.refills, id)
	return nil
}

func main() {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	store := &memoryStore{prescriptions: map[string]Prescription{
		"p1": {"p1", "ada", 2, now.Add(time.Hour)},
		"p2": {"p2", "ada", 0, now.Add(time.Hour)},
		"p3": {"p3", "ada", 1, now.Add(-time.Hour)},
		"p4": {"p4", "bob", 1, now.Add(time.Hour)},
	}}
	for _, c := range []struct {
		patient, prescription string
		allowed               bool
	}{
		{"ada", "p1", true}, {"bob", "p4", true}, {"ada", "p2", false}, {"ada", "p3", false},
		{"ada", "p9", false}, {"ada", "p4", false}, {"bob", "p1", false}, {"", "p1", false},
	} {
		store.refills = nil
		err := RequestRefill(store, c.patient, c.prescription, now)
		if (err == nil) != c.allowed || (len(store.refills) == 1) != c.allowed {
			fmt.Printf("%q asked for %s: %v, refills %v\n", c.patient, c.prescription, err, store.refills)
			os.Exit(1)
		}
	}
	if err := RequestRefill(store, "ada", "p9", now); !errors.Is(err, ErrNotFound) {
		fmt.Println("wrong error:", err)
		os.Exit(1)
	}
}
