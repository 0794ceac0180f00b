package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// Point is a place that the laser hit.
type Point struct {
	X, Y, Z float64
	Class   string
}

// WriteXYZ writes a point cloud as text.
func WriteXYZ(w io.Writer, points []Point) error {
	lines := bufio.NewWriterSize(w, 1<<18)
	fmt.Fprintln(lines, len(points))

	var line []byte
	for _, point := range points {
		line = point.appendTo(line[:0])
		if _, err := lines.Write(line); err != nil {
			return err
		}
	}
	return lines.Flush()
}

// appendTo adds the line of a point.
func (p Point) appendTo(line []byte) []byte {
	for _, coordinate := range [...]float64{p.X, p.Y, p.Z} {
		line = strconv.AppendFloat(line, coordinate, 'f', 3, 64)
		line = append(line, ' ')
	}
	class := p.Class
	if class == "" {
		class = "-"
	}
	return append(append(line, class...), '\n')
}
