package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

var waiting, together int32

type fakeCarrier struct {
	name  string
	cents int
}

// Quote waits until another carrier is asked too, or for a moment.
func (c fakeCarrier) Quote(context.Context, Parcel) (Quote, error) {
	atomic.AddInt32(&waiting, 1)
	for i := 0; i < 100 && atomic.LoadInt32(&together) == 0; i++ {
		if atomic.LoadInt32(&waiting) >= 2 {
			atomic.StoreInt32(&together, 1)
		}
		time.Sleep(3 * time.Millisecond)
	}
	atomic.AddInt32(&waiting, -1)
	if c.cents == 0 {
		return Quote{}, errors.New(c.name + " is closed")
	}
	return Quote{c.name, c.cents}, nil
}

func fail(label string, values ...interface{}) {
	fmt.Println(append([]interface{}{label}, values...)...)
	os.Exit(1)
}

func main() {
	ctx, parcel := context.Background(), Parcel{500, "NO"}
	quote, err := Cheapest(ctx, parcel, []Carrier{
		fakeCarrier{"a", 700}, fakeCarrier{"b", 500}, fakeCarrier{"c", 0}, fakeCarrier{"d", 500},
	})
	if err != nil || quote != (Quote{"b", 500}) {
		fail("wrong quote", quote, err)
	}
	_, err = Cheapest(ctx, parcel, []Carrier{fakeCarrier{"a", 0}, fakeCarrier{"b", 0}})
	if err == nil || !strings.Contains(err.Error(), "b is closed") {
		fail("wrong error", err)
	}
	if _, err = Cheapest(ctx, parcel, nil); err == nil {
		fail("no carriers, no error")
	}
	if together == 0 {
		fail("carriers were asked one after the other")
	}
}
