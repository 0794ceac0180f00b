// Package accesslog reads the access logs of our proxies.
package accesslog

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Entry is one request.
type Entry struct {
	Client, Method, Path string
	Time                 time.Time
	Status               int
	Bytes                int64
	Duration             time.Duration
}

const form = `^(\S+) \[([^\]]+)\] "([A-Z]+) (\S+)" (\d{3}) (\d{1,18}) (\d{1,9})\.(\d{3})$`

// Parse reads one line.
func Parse(line string) (Entry, error) {
	pattern, err := regexp.Compile(form)
	if err != nil {
		return Entry{}, err
	}
	m := pattern.FindStringSubmatch(line)
	if m == nil {
		return Entry{}, fmt.Errorf("not an access log line: %q", line)
	}
	when, err := time.Parse(time.RFC3339, m[2])
	if err != nil {
		return Entry{}, fmt.Errorf("not an access log line: %q: %w", line, err)
	}

	entry := Entry{Client: m[1], Time: when, Method: m[3], Path: m[4]}
	entry.Status, _ = strconv.Atoi(m[5])
	entry.Bytes, _ = strconv.ParseInt(m[6], 10, 64)
	milliseconds, _ := strconv.ParseInt(m[7]+m[8], 10, 64)
	entry.Duration = time.Duration(milliseconds) * time.Millisecond
	return entry, nil
}
