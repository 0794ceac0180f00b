package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

const maxLine = 64 << 20

// Entry is what somebody wrote on a day.
type Entry struct {
	Day  time.Time
	Text string
}

// Import reads the entries of a diary.
func Import(source io.Reader) ([]Entry, error) {
	var entries []Entry
	lines := bufio.NewScanner(source)
	// Pictures make lines far longer than a scanner takes by itself.
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			continue
		}
		date, text, found := strings.Cut(line, "\t")
		day, err := time.Parse("2006-01-02", date)
		if !found || err != nil {
			return nil, fmt.Errorf("line %d does not start with a date and a tab", number)
		}
		entries = append(entries, Entry{day, text})
	}
	return entries, lines.Err()
}
