package main

import "sync"

// Queue holds the chunks of a video that wait to be sent.
type Queue struct {
	mu     sync.Mutex
	chunks [][]byte
	sent   int
}

// Push adds a chunk at the end.
func (q *Queue) Push(chunk []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.chunks = append(q.chunks, chunk)
}

// Pop removes the oldest chunk and returns it.
func (q *Queue) Pop() ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sent == len(q.chunks) {
		return nil, false
	}
	chunk := q.chunks[q.sent]
	q.sent++
	if q.sent == len(q.chunks) {
		q.chunks, q.sent = nil, 0
	}
	return chunk, true
}

// Len returns how many chunks wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks) - q.sent
}
