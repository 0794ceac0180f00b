package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Entry is what somebody wrote on a day.
type Entry struct {
	Day  time.Time
	Text string
}

// Import reads the entries of a diary.
func Import(source io.Reader) ([]Entry, error) {
	var entries []Entry
	// This takes lines of any length.
	lines := bufio.NewReader(source)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
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
}
