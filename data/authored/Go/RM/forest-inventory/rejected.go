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
		measured, found := figures[trees[i].Species]
		if !found {
			measured = []float64{0, 0, 0}
			names = append(names, trees[i].Species)
			for j := len(names) - 1; j > 0 && names[j] < names[j-1]; j-- {
				names[j], names[j-1] = names[j-1], names[j]
			}
			if len(trees[i].Species) > width {
				width = len(trees[i].Species)
			}
		}
		measured[0]++
		measured[1] = measured[1] + trees[i].Height
		if trees[i].Diameter > measured[2] {
			measured[2] = trees[i].Diameter
		}
		figures[trees[i].Species] = measured
	}
	table := ""
	for i := 0; i < len(names); i++ {
		measured := figures[names[i]]
		table += pad(names[i], width, false) + pad(fmt.Sprintf("%.0f", measured[0]), 6, true)
		table += pad(fmt.Sprintf("%.1f", measured[1]/measured[0]), 8, true)
		table += pad(fmt.Sprintf("%.1f", measured[2]), 8, true) + "\n"
	}
	return table
}
