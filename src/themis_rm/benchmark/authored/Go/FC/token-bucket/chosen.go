package main

import (
	"math"
	"sync"
	"time"
)

// Bucket limits how often something may happen.
type Bucket struct {
	mu        sync.Mutex
	capacity  float64
	tokens    float64
	perSecond float64
	updated   time.Time
	now       func() time.Time
}

// NewBucket returns a full bucket.
func NewBucket(capacity int, perSecond float64, now func() time.Time) *Bucket {
	return &Bucket{
		capacity:  float64(capacity),
		tokens:    float64(capacity),
		perSecond: perSecond,
		updated:   now(),
		now:       now,
	}
}

// Allow takes a token and reports whether there was one.
func (b *Bucket) Allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()

	current := b.now()
	earned := current.Sub(b.updated).Seconds() * b.perSecond
	b.tokens = math.Min(b.capacity, b.tokens+earned)
	b.updated = current

	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
