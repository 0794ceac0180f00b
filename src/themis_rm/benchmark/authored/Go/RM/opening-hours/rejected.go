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
	s := strings.Split(text, " ")
	if len(s) == 2 {
		d := strings.Split(s[0], "-")
		if (len(d) == 1 || len(d) == 2) && len(d[0]) == 3 && len(d[len(d)-1]) == 3 {
			i := strings.Index("Sun Mon Tue Wed Thu Fri Sat", d[0])
			j := strings.Index("Sun Mon Tue Wed Thu Fri Sat", d[len(d)-1])
			if i >= 0 && i%4 == 0 && j >= 0 && j%4 == 0 {
				h.First = time.Weekday(i / 4)
				h.Last = time.Weekday(j / 4)
				if len(s[1]) == 11 && s[1][5] == '-' {
					t1, err := time.Parse("15:04", s[1][:5])
					if err == nil {
						t2, err := time.Parse("15:04", s[1][6:])
						if err == nil {
							h.Open = t1.Hour()*60 + t1.Minute()
							h.Close = t2.Hour()*60 + t2.Minute()
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
