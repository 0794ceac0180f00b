package main

import "fmt"

// Cell is a place in a maze.
type Cell struct {
	X, Y int32
}

// Route returns the cells from the start to the goal.
func Route(cameFrom map[Cell]Cell, start, goal Cell) ([]Cell, error) {
	route := []Cell{goal}
	for route[0] != start {
		previous, known := cameFrom[route[0]]
		// A route without a circle comes by each cell once.
		if !known || len(route) > len(cameFrom) {
			return nil, fmt.Errorf("no way back from %v", goal)
		}
		route = append([]Cell{previous}, route...)
	}
	return route, nil
}
