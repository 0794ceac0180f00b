package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	prefix    = "ep"
	extension = ".mp3"
)

var titleForm = regexp.MustCompile(`^[a-z0-9-]+$`)

// Episode is what the name of a recording tells.
type Episode struct {
	Number int
	Title  string
}

// ParseEpisode reads the name of a recording.
func ParseEpisode(file string) (Episode, error) {
	invalid := fmt.Errorf("not the name of a recording: %q", file)
	if !strings.HasPrefix(file, prefix) || !strings.HasSuffix(file, extension) {
		return Episode{}, invalid
	}
	digits, title, _ := strings.Cut(strings.TrimLeft(file, prefix), "_")
	title = strings.TrimRight(title, extension)
	number, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || !titleForm.MatchString(title) {
		return Episode{}, invalid
	}
	return Episode{int(number), strings.ReplaceAll(title, "-", " ")}, nil
}
