package main

import (
	"container/list"
	"sync"
)

// Queue holds the chunks of a video that wait to be sent.
type Queue struct {
	mu     sync.Mutex
	chunks list.List
}

// Push adds a chunk at the end.
func (q *Queue) Push(chunk []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.chunks.PushBack(chunk)
}

// Pop removes the oldest chunk and returns it.
func (q *Queue) Pop() ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest := q.chunks.Front()
	if oldest == nil {
		return nil, false
	}
	return q.chunks.Remove(oldest).([]byte), true
}

// Len returns how many chunks wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.chunks.Len()
}
