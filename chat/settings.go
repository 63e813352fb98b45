// Package chat has the settings of the chat. The chat itself is not there
// yet: what is set here is kept and shown, and nothing acts on it.
package chat

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Limits of the settings.
const (
	MaxWelcomeRunes = 4000
	MaxNames        = 1000 // in a list of names
	MaxNameRunes    = 30
)

// Settings are how the chat behaves.
type Settings struct {
	Disabled              bool     `json:"disabled"`
	WelcomeMessage        string   `json:"welcomeMessage"`        // Markdown, for who joins; "" for none
	JoinMessages          bool     `json:"joinMessages"`          // tell when somebody joins
	EstablishedOnly       bool     `json:"establishedOnly"`       // nobody writes in the first 15 minutes of an account
	SpamProtection        bool     `json:"spamProtection"`        // limit how fast somebody writes
	SlurFilter            bool     `json:"slurFilter"`            // refuse messages with slurs
	RequireAuthentication bool     `json:"requireAuthentication"` // only who has signed in writes
	ForbiddenNames        []string `json:"forbiddenNames"`        // nobody may be called so
	SuggestedNames        []string `json:"suggestedNames"`        // for who has no name yet, if there are ten or more
}

// defaultForbidden are the names that are forbidden unless others are.
func defaultForbidden() []string { return []string{"owncast", "operator", "admin", "system"} }

// Setting is the section that the Settings are kept in. No forbidden names
// stand for the default ones.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{
		Section: "chat",
		Default: func() Settings {
			return Settings{
				JoinMessages: true, SpamProtection: true,
				ForbiddenNames: defaultForbidden(), SuggestedNames: []string{},
			}
		},
		Validate: (*Settings).validate,
	}
}

func (s *Settings) validate() error {
	s.WelcomeMessage = strings.TrimSpace(s.WelcomeMessage)
	if utf8.RuneCountInString(s.WelcomeMessage) > MaxWelcomeRunes {
		return &repository.FieldError{Field: "welcomeMessage", Reason: fmt.Sprintf("is longer than %d characters", MaxWelcomeRunes)}
	}
	var err error
	if s.ForbiddenNames, err = names("forbiddenUsernames", s.ForbiddenNames); err != nil {
		return err
	}
	if len(s.ForbiddenNames) == 0 {
		s.ForbiddenNames = defaultForbidden()
	}
	s.SuggestedNames, err = names("suggestedUsernames", s.SuggestedNames)
	return err
}

// names trims a list and leaves out what is empty or there twice.
func names(field string, list []string) ([]string, error) {
	clean := []string{}
	for _, n := range list {
		n = strings.TrimSpace(n)
		if utf8.RuneCountInString(n) > MaxNameRunes {
			return nil, &repository.FieldError{Field: field, Reason: fmt.Sprintf("has a name longer than %d characters", MaxNameRunes)}
		}
		if n != "" && !slices.Contains(clean, n) {
			clean = append(clean, n)
		}
	}
	if len(clean) > MaxNames {
		return nil, &repository.FieldError{Field: field, Reason: fmt.Sprintf("has more than %d names", MaxNames)}
	}
	return clean, nil
}
