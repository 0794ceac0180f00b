package main

import (
	"sync"
	"time"
)

const patience = 30 * time.Second

// Viewers knows who watches a stream.
type Viewers struct {
	mu     sync.Mutex
	latest map[string]time.Time
}

// NewViewers returns a stream that nobody watches yet.
func NewViewers() *Viewers {
	return &Viewers{latest: map[string]time.Time{}}
}

// Beat notes that a viewer is there.
func (v *Viewers) Beat(id string, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.latest[id] = at
}

// Count returns how many viewers were there lately.
func (v *Viewers) Count(now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, at := range v.latest {
		if now.Sub(at) > patience {
			delete(v.latest, id)
		}
	}
	return len(v.latest)
}
