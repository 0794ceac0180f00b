// Package mirror fetches documents from the quickest of several servers.
package mirror

import (
	"context"
	"fmt"
)

// First asks all mirrors and returns the first successful answer.
func First(ctx context.Context, mirrors []string, fetch func(context.Context, string) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	bodies := make(chan []byte)
	failures := make(chan error)
	for _, mirror := range mirrors {
		go func(mirror string) {
			body, err := fetch(ctx, mirror)
			if err != nil {
				failures <- err
				return
			}
			bodies <- body
		}(mirror)
	}

	var last error
	for range mirrors {
		select {
		case body := <-bodies:
			return body, nil
		case err := <-failures:
			last = err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("none of %d mirrors answered: %w", len(mirrors), last)
}
