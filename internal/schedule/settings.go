package schedule

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// MaxMessageRunes is how long a message may be.
const MaxMessageRunes = 2000

// Settings are what is made of scheduled streams.
type Settings struct {
	Enabled         bool   `json:"enabled"`
	ShowCountdown   bool   `json:"showCountdown"`   // in place of the offline message
	ChatOpenMinutes int    `json:"chatOpenMinutes"` // before a stream: 0, 5, 10, 30 or 60
	ReminderMessage string `json:"reminderMessage"`
	FirstReminder   int    `json:"firstReminderMinutes"`  // before a stream: 0 for none, 15, 30, 60, 120 or 1440
	SecondReminder  int    `json:"secondReminderMinutes"` // in the same manner
}

// Setting is the section that the Settings are kept in.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{
		Section: "schedule",
		Default: func() Settings {
			return Settings{ReminderMessage: "A stream is about to begin."}
		},
		Validate: (*Settings).validate,
	}
}

func (s *Settings) validate() error {
	s.ReminderMessage = strings.TrimSpace(s.ReminderMessage)
	if utf8.RuneCountInString(s.ReminderMessage) > MaxMessageRunes {
		return &repository.FieldError{Field: "reminderMessage", Reason: fmt.Sprintf("is longer than %d characters", MaxMessageRunes)}
	}
	for _, f := range []struct {
		name    string
		value   int
		allowed []int
		list    string
	}{
		{"chatOpenMinutesBefore", s.ChatOpenMinutes, []int{0, 5, 10, 30, 60}, "0, 5, 10, 30, or 60 minutes"},
		{"firstReminderMinutes", s.FirstReminder, []int{0, 15, 30, 60, 120, 1440}, "0, 15, 30, 60, 120, or 1440 minutes"},
		{"secondReminderMinutes", s.SecondReminder, []int{0, 15, 30, 60, 120, 1440}, "0, 15, 30, 60, 120, or 1440 minutes"},
	} {
		if !slices.Contains(f.allowed, f.value) {
			return &repository.FieldError{Field: f.name, Reason: "is not valid: value must be " + f.list}
		}
	}
	return nil
}
