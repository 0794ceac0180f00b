// Package mirror fetches documents from the quickest of several servers.
package mirror

import (
	"context"
	"fmt"
)

type answer struct {
	body []byte
	err  error
}

// First asks all mirrors and returns the first successful answer.
func First(ctx context.Context, mirrors []string, fetch func(context.Context, string) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	answers := make(chan answer, len(mirrors))
	for _, mirror := range mirrors {
		go func(mirror string) {
			body, err := fetch(ctx, mirror)
			answers <- answer{body, err}
		}(mirror)
	}

	var last error
	for range mirrors {
		select {
		case a := <-answers:
			if a.err == nil {
				return a.body, nil
			}
			last = a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("none of %d mirrors answered: %w", len(mirrors), last)
}
