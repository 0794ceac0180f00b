// Package leaderboard ranks players by their best score.
package leaderboard

import (
	"sort"
	"sync"
)

// Entry is the best score of one player.
type Entry struct {
	Player string
	Score  int
}

func (e Entry) above(other Entry) bool {
	if e.Score != other.Score {
		return e.Score > other.Score
	}
	return e.Player < other.Player
}

// Board holds the best score of each player.
type Board struct {
	mu   sync.RWMutex
	best map[string]int
}

// New returns an empty board.
func New() *Board {
	return &Board{best: make(map[string]int)}
}

// Submit records a score if it is the player's best.
func (b *Board) Submit(player string, score int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if best, known := b.best[player]; !known || score > best {
		b.best[player] = score
	}
}

// Top returns the n best entries, or all of them if there are fewer.
func (b *Board) Top(n int) []Entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	entries := make([]Entry, 0, len(b.best))
	for player, score := range b.best {
		entries = append(entries, Entry{player, score})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].above(entries[j]) })
	if len(entries) > n {
		entries = entries[:n]
	}
	return entries
}
