// Package suggest completes the names of plants.
package suggest

import (
	"sort"
	"strings"
)

type entry struct {
	key, name string
}

// Index holds the names of an atlas.
type Index struct {
	entries []entry
}

// New returns an index of names.
func New(names []string) *Index {
	entries := make([]entry, len(names))
	for i, name := range names {
		entries[i] = entry{strings.ToLower(name), name}
	}
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].key < entries[j].key })
	return &Index{entries}
}

// Suggest returns names that begin with a prefix, in alphabetical order.
func (x *Index) Suggest(prefix string, limit int) []string {
	prefix = strings.ToLower(prefix)
	first := sort.Search(len(x.entries), func(i int) bool { return x.entries[i].key >= prefix })

	var names []string
	for _, e := range x.entries[first:] {
		if len(names) >= limit || !strings.HasPrefix(e.key, prefix) {
			break
		}
		names = append(names, e.name)
	}
	return names
}
