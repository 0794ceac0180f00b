// Package forest reports on the trees of a forest.
package forest

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// Tree is a tree as it was measured.
type Tree struct {
	Species          string
	Height, Diameter float64
}

type summary struct {
	count             int
	heights, thickest float64
}

// Table returns one line per species.
func Table(trees []Tree) string {
	summaries := make(map[string]summary)
	for _, tree := range trees {
		s := summaries[tree.Species]
		s.count++
		s.heights += tree.Height
		s.thickest = math.Max(s.thickest, tree.Diameter)
		summaries[tree.Species] = s
	}

	width := 0
	var species []string
	for name := range summaries {
		species = append(species, name)
		if len(name) > width {
			width = len(name)
		}
	}
	sort.Strings(species)

	var table strings.Builder
	for _, name := range species {
		s := summaries[name]
		meanHeight := s.heights / float64(s.count)
		fmt.Fprintf(&table, "%-*s%6d%8.1f%8.1f\n", width, name, s.count, meanHeight, s.thickest)
	}
	return table.String()
}
