package main

import (
	"io"
	"strconv"
	"strings"
)

// Point is a place that the laser hit.
type Point struct {
	X, Y, Z float64
	Class   string
}

// WriteXYZ writes a point cloud as text.
func WriteXYZ(w io.Writer, points []Point) error {
	if _, err := io.WriteString(w, strconv.Itoa(len(points))+"\n"); err != nil {
		return err
	}

	var line strings.Builder
	for _, point := range points {
		line.Reset()
		point.appendTo(&line)
		if _, err := io.WriteString(w, line.String()); err != nil {
			return err
		}
	}
	return nil
}

// appendTo adds the line of a point.
func (p Point) appendTo(line *strings.Builder) {
	for _, coordinate := range [...]float64{p.X, p.Y, p.Z} {
		line.WriteString(strconv.FormatFloat(coordinate, 'f', 3, 64))
		line.WriteByte(' ')
	}
	if p.Class == "" {
		line.WriteByte('-')
	}
	line.WriteString(p.Class)
	line.WriteByte('\n')
}
