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
	names, longest := []string{}, ""
	for i := range trees {
		at, found := 0, false
		for at = 0; at < len(names); at++ {
			if names[at] >= trees[i].Species {
				found = names[at] == trees[i].Species
				break
			}
		}
		if !found {
			names = append(names, "")
			copy(names[at+1:], names[at:])
			names[at] = trees[i].Species
		}
		if len(trees[i].Species) > len(longest) {
			longest = trees[i].Species
		}
	}
	table := ""
	for _, name := range names {
		count, heights, thickest := 0, 0.0, 0.0
		for i := range trees {
			if trees[i].Species == name {
				count, heights = count+1, heights+trees[i].Height
				if trees[i].Diameter > thickest {
					thickest = trees[i].Diameter
				}
			}
		}
		table += pad(name, len(longest), false) + pad(fmt.Sprint(count), 6, true)
		table += pad(fmt.Sprintf("%.1f", heights/float64(count)), 8, true)
		table += pad(fmt.Sprintf("%.1f", thickest), 8, true) + "\n"
	}
	return table
}
