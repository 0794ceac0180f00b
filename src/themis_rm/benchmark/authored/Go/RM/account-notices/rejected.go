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

type inspection struct {
	Account
	percent int64
	left    time.Duration
	notices []string
}

// For returns the notices for an account.
func For(a Account, now time.Time) []string {
	account := &inspection{Account: a}
	if account.isLimited() && !account.isFull() && account.percent >= warningPercent {
		account.add("storage is %d%% full", account.percent)
	}
	if account.isOnTrial(now) {
		account.add("trial ends in %d days", (account.left+day-1)/day)
	}
	account.isCardValid(now)
	return account.notices
}

func (i *inspection) isLimited() bool {
	if i.QuotaBytes == 0 {
		return false
	}
	i.percent = i.UsedBytes * 100 / i.QuotaBytes
	return true
}

func (i *inspection) isFull() bool {
	if i.percent >= 100 {
		i.add("storage is full")
	}
	return i.percent >= 100
}

func (i *inspection) isOnTrial(now time.Time) bool {
	i.left = i.TrialEnds.Sub(now)
	return i.left > 0 && i.left <= trialReminder
}

func (i *inspection) isCardValid(now time.Time) bool {
	valid := i.CardExpires.IsZero() || i.CardExpires.Sub(now) > cardReminder
	if !valid {
		i.add("card expires soon")
	}
	return valid
}

func (i *inspection) add(format string, values ...interface{}) {
	i.notices = append(i.notices, i.Name+": "+fmt.Sprintf(format, values...))
}
