package main

import (
	"sync"
	"time"
)

const patience = 30 * time.Second

type viewer struct {
	mu     sync.Mutex
	latest time.Time
}

// Viewers knows who watches a stream.
type Viewers struct {
	viewers sync.Map
}

// NewViewers returns a stream that nobody watches yet.
func NewViewers() *Viewers {
	return &Viewers{}
}

// Beat notes that a viewer is there.
func (v *Viewers) Beat(id string, at time.Time) {
	found, _ := v.viewers.LoadOrStore(id, &viewer{})
	known := found.(*viewer)
	known.mu.Lock()
	defer known.mu.Unlock()
	known.latest = at
}

// Count returns how many viewers were there lately.
func (v *Viewers) Count(now time.Time) int {
	count := 0
	v.viewers.Range(func(_, found interface{}) bool {
		known := found.(*viewer)
		known.mu.Lock()
		defer known.mu.Unlock()
		if now.Sub(known.latest) <= patience {
			count++
		}
		return true
	})
	return count
}
