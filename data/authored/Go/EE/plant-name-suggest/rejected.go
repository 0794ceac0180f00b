// Package suggest completes the names of plants.
package suggest

import (
	"sort"
	"strings"
)

// Index holds the names of an atlas.
type Index struct {
	byKey map[string][]string
	keys  []string
}

// New returns an index of names.
func New(names []string) *Index {
	index := &Index{byKey: make(map[string][]string, len(names))}
	for _, name := range names {
		key := strings.ToLower(name)
		if _, known := index.byKey[key]; !known {
			index.keys = append(index.keys, key)
		}
		index.byKey[key] = append(index.byKey[key], name)
	}
	sort.Strings(index.keys)
	return index
}

// Suggest returns names that begin with a prefix, in alphabetical order.
func (x *Index) Suggest(prefix string, limit int) []string {
	prefix = strings.ToLower(prefix)
	var names []string
	for _, key := range x.keys {
		if strings.HasPrefix(key, prefix) {
			names = append(names, x.byKey[key]...)
		}
		if len(names) >= limit {
			return names[:limit]
		}
	}
	return names
}
