package main

import "fmt"

// Cell is a place in a maze.
type Cell struct {
	X, Y int32
}

// Route returns the cells from the start to the goal.
func Route(cameFrom map[Cell]Cell, start, goal Cell) ([]Cell, error) {
	route := []Cell{goal}
	for cell := goal; cell != start; {
		previous, known := cameFrom[cell]
		// A route without a circle comes by each cell once.
		if !known || len(route) > len(cameFrom) {
			return nil, fmt.Errorf("no way back from %v", goal)
		}
		route = append(route, previous)
		cell = previous
	}
	for i, j := 0, len(route)-1; i < j; i, j = i+1, j-1 {
		route[i], route[j] = route[j], route[i]
	}
	return route, nil
}
