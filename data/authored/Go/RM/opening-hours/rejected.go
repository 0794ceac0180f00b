// Package hours reads opening hours.
package hours

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Hours tells when a shop is open.
type Hours struct {
	First, Last time.Weekday
	Open, Close int
}

// Parse reads opening hours such as "Mon-Fri 08:00-17:30".
func Parse(text string) (Hours, error) {
	var h Hours
	fields := strings.Split(text, " ")
	if len(fields) == 2 {
		names := strings.Split(fields[0], "-")
		if (len(names) == 1 || len(names) == 2) && len(names[0]) == 3 && len(names[len(names)-1]) == 3 {
			firstPlace := strings.Index("Sun Mon Tue Wed Thu Fri Sat", names[0])
			lastPlace := strings.Index("Sun Mon Tue Wed Thu Fri Sat", names[len(names)-1])
			if firstPlace >= 0 && firstPlace%4 == 0 && lastPlace >= 0 && lastPlace%4 == 0 {
				h.First = time.Weekday(firstPlace / 4)
				h.Last = time.Weekday(lastPlace / 4)
				if len(fields[1]) == 11 && fields[1][5] == '-' {
					opening, err := time.Parse("15:04", fields[1][:5])
					if err == nil {
						closing, err := time.Parse("15:04", fields[1][6:])
						if err == nil {
							h.Open = opening.Hour()*60 + opening.Minute()
							h.Close = closing.Hour()*60 + closing.Minute()
							if h.Close > h.Open {
								return h, nil
							} else {
								return Hours{}, errors.New("not opening hours: " + fmt.Sprintf("%q", text))
							}
						} else {
							return Hours{}, errors.New("not opening hours: " + fmt.Sprintf("%q", text))
						}
					} else {
						return Hours{}, errors.New("not opening hours: " + fmt.Sprintf("%q", text))
					}
				}
			}
		}
	}
	return Hours{}, errors.New("not opening hours: " + fmt.Sprintf("%q", text))
}
