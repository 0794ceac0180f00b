package main

import (
	"fmt"
	"os"
	"time"
)

func expect(label string, actual, expected int) {
	if actual != expected {
		fmt.Printf("%s: got %d, expected %d\n", label, actual, expected)
		os.Exit(1)
	}
}

func main() {
	current := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return current }
	allowed := func(bucket *Bucket, calls int, step time.Duration) int {
		count := 0
		for i := 0; i < calls; i++ {
			current = current.Add(step)
			if bucket.Allow() {
				count++
			}
		}
		return count
	}

	bucket := NewBucket(3, 2, clock)
	expect("starts full", allowed(bucket, 5, 0), 3)
	expect("one token each second half", allowed(bucket, 4, 500*time.Millisecond), 4)
	expect("empty again", allowed(bucket, 2, 0), 0)
	current = current.Add(time.Hour)
	expect("never beyond the capacity", allowed(bucket, 9, 0), 3)
	expect("retries within ten seconds", allowed(bucket, 80, 125*time.Millisecond), 20)
}
