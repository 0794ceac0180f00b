// Package forest reports on the trees of a forest.
package forest

import "fmt"

// Tree is a tree as it was measured.
type Tree struct {
	Species          string
	Height, Diameter float64
}

func pad(text string, width int, left bool) string {
	for len(text) < width {
		if left {
			text = " " + text
		} else {
			text = text + " "
		}
	}
	return text
}

// Table returns one line per species.
func Table(trees []Tree) string {
	names, width := []string{}, 0
	figures := make(map[string][]float64)
	for i := 0; i < len(trees); i++ {
		f, found := figures[trees[i].Species]
		if !found {
			f = []float64{0, 0, 0}
			names = append(names, trees[i].Species)
			for j := len(names) - 1; j > 0 && names[j] < names[j-1]; j-- {
				names[j], names[j-1] = names[j-1], names[j]
			}
			if len(trees[i].Species) > width {
				width = len(trees[i].Species)
			}
		}
		f[0]++
		f[1] = f[1] + trees[i].Height
		if trees[i].Diameter > f[2] {
			f[2] = trees[i].Diameter
		}
		figures[trees[i].Species] = f
	}
	table := ""
	for i := 0; i < len(names); i++ {
		f := figures[names[i]]
		table += pad(names[i], width, false) + pad(fmt.Sprintf("%.0f", f[0]), 6, true)
		table += pad(fmt.Sprintf("%.1f", f[1]/f[0]), 8, true)
		table += pad(fmt.Sprintf("%.1f", f[2]), 8, true) + "\n"
	}
	return table
}
