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

// For returns the notices for an account.
func For(a Account, now time.Time) []string {
	var notices []string
	for _, notice := range []string{a.storageNotice(), a.trialNotice(now), a.cardNotice(now)} {
		if notice != "" {
			notices = append(notices, a.Name+": "+notice)
		}
	}
	return notices
}

func (a Account) storageNotice() string {
	if a.QuotaBytes == 0 {
		return ""
	}
	switch used := a.UsedBytes * 100 / a.QuotaBytes; {
	case used >= 100:
		return "storage is full"
	case used >= warningPercent:
		return fmt.Sprintf("storage is %d%% full", used)
	}
	return ""
}

func (a Account) trialNotice(now time.Time) string {
	left := a.TrialEnds.Sub(now)
	if left <= 0 || left > trialReminder {
		return ""
	}
	return fmt.Sprintf("trial ends in %d days", (left+day-1)/day)
}

func (a Account) cardNotice(now time.Time) string {
	if a.CardExpires.IsZero() || a.CardExpires.Sub(now) > cardReminder {
		return ""
	}
	return "card expires soon"
}
