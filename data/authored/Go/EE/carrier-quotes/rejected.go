package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Parcel is what to send.
type Parcel struct {
	Grams   int
	Country string
}

// Quote is a carrier's price.
type Quote struct {
	Carrier string
	Cents   int
}

// Carrier tells what it takes for a parcel.
type Carrier interface {
	Quote(ctx context.Context, parcel Parcel) (Quote, error)
}

// Cheapest returns the lowest price that a carrier takes for a parcel.
func Cheapest(ctx context.Context, parcel Parcel, carriers []Carrier) (Quote, error) {
	var mu sync.Mutex
	var asked sync.WaitGroup
	var best Quote
	bestPlace, lastPlace, last := len(carriers), -1, errors.New("no carriers")
	for i, carrier := range carriers {
		asked.Add(1)
		go func(i int, carrier Carrier) {
			defer asked.Done()
			mu.Lock()
			defer mu.Unlock()
			quote, err := carrier.Quote(ctx, parcel)
			if err != nil {
				if i > lastPlace {
					lastPlace, last = i, err
				}
			} else if bestPlace == len(carriers) || quote.Cents < best.Cents ||
				quote.Cents == best.Cents && i < bestPlace {
				bestPlace, best = i, quote
			}
		}(i, carrier)
	}
	asked.Wait()

	if bestPlace == len(carriers) {
		return Quote{}, fmt.Errorf("no quote for %s: %w", parcel.Country, last)
	}
	return best, nil
}
