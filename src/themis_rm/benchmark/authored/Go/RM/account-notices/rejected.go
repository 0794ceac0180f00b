// Package notices tells customers what they should attend to.
package notices

import (
	"fmt"
	"time"
)

// Account is what the notices are about.
type Account struct {
	Name                   string
	UsedBytes, QuotaBytes  int64
	TrialEnds, CardExpires time.Time
}

// For returns the notices for an account.
func For(a Account, now time.Time) []string {
	var res []string
	if a.QuotaBytes != 0 {
		if a.UsedBytes*100/a.QuotaBytes >= 100 {
			res = append(res, a.Name+": "+"storage is full")
		} else {
			if a.UsedBytes*100/a.QuotaBytes >= 80 {
				x := fmt.Sprintf("storage is %d%% full", a.UsedBytes*100/a.QuotaBytes)
				res = append(res, a.Name+": "+x)
			}
		}
	}
	d := a.TrialEnds.Sub(now)
	if d > 0 {
		if d <= 259200000000000 {
			n := 0
			for d > 0 {
				d = d - 86400000000000
				n++
			}
			x := fmt.Sprintf("trial ends in %d days", n)
			res = append(res, a.Name+": "+x)
		}
	}
	if a.CardExpires.IsZero() == false {
		d2 := a.CardExpires.Sub(now)
		if !(d2 > 2592000000000000) {
			res = append(res, a.Name+": "+"card expires soon")
		}
	}
	return res
}
