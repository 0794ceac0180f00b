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
	quotes := make([]Quote, len(carriers))
	failures := make([]error, len(carriers))
	var asked sync.WaitGroup
	for i, carrier := range carriers {
		asked.Add(1)
		go func(i int, carrier Carrier) {
			defer asked.Done()
			quotes[i], failures[i] = carrier.Quote(ctx, parcel)
		}(i, carrier)
	}
	asked.Wait()

	best, last := -1, errors.New("no carriers")
	for i, err := range failures {
		if err != nil {
			last = err
		} else if best < 0 || quotes[i].Cents < quotes[best].Cents {
			best = i
		}
	}
	if best < 0 {
		return Quote{}, fmt.Errorf("no quote for %s: %w", parcel.Country, last)
	}
	return quotes[best], nil
}
