// Package notices tells customers what they should attend to.
package notices

import (
	"fmt"
	"time"
)

const (
	day            = 24 * time.Hour
	trialReminder  = 3 * day
	cardReminder   = 30 * day
	warningPercent = 80
)

// Account is what the notices are about.
type Account struct {
	Name                   string
	UsedBytes, QuotaBytes  int64
	TrialEnds, CardExpires time.Time
}

type report struct {
	Account
	used    int64
	notices []string
}

// For returns the notices for an account.
func For(a Account, now time.Time) []string {
	i := report{Account: a}
	if !i.isFull() && i.used >= warningPercent {
		i.add("storage is %d%% full", i.used)
	}
	if left := a.TrialEnds.Sub(now); left > 0 && left <= trialReminder {
		i.add("trial ends in %d days", (left+day-1)/day)
	}
	i.isCardValid(now)
	return i.notices
}

func (i *report) isFull() bool {
	if i.QuotaBytes != 0 {
		i.used = i.UsedBytes * 100 / i.QuotaBytes
	}
	return i.used >= 100 && i.add("storage is full")
}

func (i *report) isCardValid(now time.Time) bool {
	return i.CardExpires.IsZero() || i.CardExpires.Sub(now) > cardReminder || !i.add("card expires soon")
}

func (i *report) add(format string, values ...interface{}) bool {
	i.notices = append(i.notices, i.Name+": "+fmt.Sprintf(format, values...))
	return true
}
