// Package boarding calls passengers to the gate.
package boarding

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

const (
	familyGroup = 0
	firstGroup  = 1
	lastGroup   = 5
)

type passenger struct {
	name       string
	group, row int
}

// Order returns the names of passengers in the order of boarding.
func Order(lines []string) ([]string, error) {
	passengers := make([]passenger, len(lines))
	for i, line := range lines {
		var ok bool
		if passengers[i], ok = parse(line); !ok {
			return nil, fmt.Errorf("not a passenger: %q", line)
		}
	}
	sort.Slice(passengers, func(i, j int) bool { return passengers[i].before(passengers[j]) })

	names := make([]string, len(passengers))
	for i, p := range passengers {
		names[i] = p.name
	}
	return names, nil
}

func parse(line string) (passenger, bool) {
	fields := strings.Split(line, ";")
	if len(fields) != 4 || fields[3] != "yes" && fields[3] != "no" {
		return passenger{}, false
	}
	group, groupErr := strconv.Atoi(fields[1])
	row, rowErr := strconv.Atoi(fields[2])
	valid := groupErr == nil && rowErr == nil && group >= firstGroup && group <= lastGroup && row >= 1
	if fields[3] == "yes" {
		group = familyGroup
	}
	return passenger{fields[0], group, row}, valid
}

func (p passenger) before(other passenger) bool {
	if p.group != other.group {
		return p.group < other.group
	}
	return p.row > other.row || p.row == other.row && p.name < other.name
}
