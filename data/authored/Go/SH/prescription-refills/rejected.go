package main

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotFound is returned for a prescription that does not exist.
var ErrNotFound = errors.New("prescription not found")

// Prescription is what a doctor wrote for a patient.
type Prescription struct {
	ID, Patient string
	Refills     int
	ValidUntil  time.Time
}

// Store keeps the prescriptions of the clinic.
type Store interface {
	Find(id string) (Prescription, error)
	AddRefill(id string, at time.Time) error
}

// RequestRefill notes that a patient wants a refill of a prescription.
func RequestRefill(store Store, patient, prescription string, now time.Time) error {
	if patient == "" || prescription == "" {
		return ErrNotFound
	}
	found, err := store.Find(prescription)
	if err != nil {
		return fmt.Errorf("refill for %s: %w", patient, err)
	}
	if found.Refills < 1 {
		return fmt.Errorf("prescription %s has no refills left", prescription)
	}
	if now.After(found.ValidUntil) {
		return fmt.Errorf("prescription %s is no longer valid", prescription)
	}
	return store.AddRefill(prescription, now)
}
