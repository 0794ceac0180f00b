package main

import (
	"sync"
	"time"
)

// Bucket limits how often something may happen.
type Bucket struct {
	mu        sync.Mutex
	capacity  int
	tokens    int
	perSecond float64
	updated   time.Time
	now       func() time.Time
}

// NewBucket returns a full bucket.
func NewBucket(capacity int, perSecond float64, now func() time.Time) *Bucket {
	return &Bucket{
		capacity:  capacity,
		tokens:    capacity,
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
	elapsed := current.Sub(b.updated)
	earned := int(elapsed.Seconds() * b.perSecond)
	b.tokens += earned
	if b.tokens > b.capacity {
		b.tokens = b.capacity
	}
	b.updated = current

	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}
