// Package hours reads opening hours.
package hours

import (
	"fmt"
	"regexp"
	"time"
)

// Hours tells when a shop is open.
type Hours struct {
	First, Last time.Weekday
	Open, Close int
}

var (
	form     = regexp.MustCompile(`^([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? (\d\d:\d\d)-(\d\d:\d\d)$`)
	weekdays = map[string]time.Weekday{
		"Sun": time.Sunday, "Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday,
		"Thu": time.Thursday, "Fri": time.Friday, "Sat": time.Saturday,
	}
)

// Parse reads opening hours such as "Mon-Fri 08:00-17:30".
func Parse(text string) (Hours, error) {
	invalid := fmt.Errorf("not opening hours: %q", text)
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return Hours{}, invalid
	}
	firstName, lastName := parts[1], parts[2]
	if lastName == "" {
		lastName = firstName
	}

	first, firstKnown := weekdays[firstName]
	last, lastKnown := weekdays[lastName]
	opening, openingErr := time.Parse("15:04", parts[3])
	closing, closingErr := time.Parse("15:04", parts[4])
	if !firstKnown || !lastKnown || openingErr != nil || closingErr != nil || !closing.After(opening) {
		return Hours{}, invalid
	}
	return Hours{First: first, Last: last, Open: minutes(opening), Close: minutes(closing)}, nil
}

func minutes(clock time.Time) int {
	return clock.Hour()*60 + clock.Minute()
}
