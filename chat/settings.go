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
	MaxWelcomeRunes   = 4000
	MaxNames          = 1000 // in a list of names
	MaxNameRunes      = 30
	MaxWords          = 2000 // in a list of words
	MaxWordRunes      = 100
	MaxSlowMode       = 6 * 60 * 60 // seconds
	MaxHistory        = 500         // messages
	MaxRetentionHours = 10 * 366 * 24
)

// Settings are how the chat behaves.
type Settings struct {
	Disabled              bool     `json:"disabled"`
	WelcomeMessage        string   `json:"welcomeMessage"`        // Markdown, for who joins; "" for none
	JoinMessages          bool     `json:"joinMessages"`          // tell when somebody joins
	EstablishedOnly       bool     `json:"establishedOnly"`       // nobody writes in the first 15 minutes of an account
	SpamProtection        bool     `json:"spamProtection"`        // limit how fast somebody writes
	SlurFilter            bool     `json:"slurFilter"`            // refuse messages with English slurs
	RequireAuthentication bool     `json:"requireAuthentication"` // only who has signed in writes
	ForbiddenNames        []string `json:"forbiddenNames"`        // no name may contain one of them
	SuggestedNames        []string `json:"suggestedNames"`        // for who has no name yet, if there are ten or more

	// BlockedWords are refused in messages and names: see [WordList].
	BlockedWords []string `json:"blockedWords"`
	// BlockedLanguages are the built-in lists that are refused as well: see
	// [Languages].
	BlockedLanguages []string `json:"blockedLanguages"`

	// What waits for a moderator before it is shown: messages with one of the
	// words, with a link, and the first one that somebody writes. Messages of
	// moderators never wait.
	HoldWords []string `json:"holdWords"`
	HoldLinks bool     `json:"holdLinks"`
	HoldFirst bool     `json:"holdFirst"`

	// SlowMode is how many seconds must be between two messages of one user
	// who is no moderator; 0 is none.
	SlowMode int `json:"slowMode"`

	// HistorySize is how many messages are shown to who comes.
	HistorySize int `json:"historySize"`
	// RetentionHours is how old messages get; 0 keeps them.
	RetentionHours int `json:"retentionHours"`

	Limits Limits `json:"limits"`
}

// Limits are what one program or one address may do to a room. A zero limit is
// none. Those by address hold for an IPv4 address or a /64 of IPv6, and not for
// loopback and private addresses: those of a proxy that nobody said was to be
// trusted stand for everybody.
type Limits struct {
	Clients           int `json:"clients"`                 // connections at the same time
	ClientsPerAddress int `json:"clientsPerAddress"`       // of these, by address
	Registrations     int `json:"registrationsPerAddress"` // in an hour
	Messages          int `json:"messagesPerMinute"`       // of a user who is no moderator, with SpamProtection
	FloodTimeout      int `json:"floodTimeout"`            // seconds of silence for who sends more than that
	Frames            int `json:"framesPerSecond"`         // of a connection, which is closed if it goes on with more
}

// DefaultLimits are those of a room that nobody has set others for.
func DefaultLimits() Limits {
	return Limits{
		Clients: 20_000, ClientsPerAddress: 200, Registrations: 300,
		Messages: 90, FloodTimeout: 10, Frames: 50,
	}
}

// maxLimit is beyond what any room has.
const maxLimit = 10_000_000

// Validate returns a [*repository.FieldError] for a limit that is negative or
// absurd.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"clients", l.Clients},
		{"clientsPerAddress", l.ClientsPerAddress},
		{"registrationsPerAddress", l.Registrations},
		{"messagesPerMinute", l.Messages},
		{"floodTimeout", l.FloodTimeout},
		{"framesPerSecond", l.Frames},
	} {
		if f.value < 0 || f.value > maxLimit {
			return &repository.FieldError{Field: "chatLimits." + f.name, Reason: fmt.Sprintf("must be from 0 to %d", maxLimit)}
		}
	}
	return nil
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
				BlockedWords: []string{}, BlockedLanguages: []string{}, HoldWords: []string{},
				HistorySize: 50, RetentionHours: 2, Limits: DefaultLimits(),
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
	if err := s.validateLists(); err != nil {
		return err
	}
	for _, f := range []struct {
		name              string
		value, least, max int
	}{
		{"chatSlowMode", s.SlowMode, 0, MaxSlowMode},
		{"chatHistorySize", s.HistorySize, 1, MaxHistory},
		{"chatRetentionHours", s.RetentionHours, 0, MaxRetentionHours},
	} {
		if f.value < f.least || f.value > f.max {
			return &repository.FieldError{Field: f.name, Reason: fmt.Sprintf("must be from %d to %d", f.least, f.max)}
		}
	}
	return s.Limits.Validate()
}

func (s *Settings) validateLists() error {
	for _, l := range []struct {
		field       string
		list        *[]string
		runes, most int
	}{
		{"forbiddenUsernames", &s.ForbiddenNames, MaxNameRunes, MaxNames},
		{"suggestedUsernames", &s.SuggestedNames, MaxNameRunes, MaxNames},
		{"chatBlockedWords", &s.BlockedWords, MaxWordRunes, MaxWords},
		{"chatHoldWords", &s.HoldWords, MaxWordRunes, MaxWords},
		{"chatBlockedLanguages", &s.BlockedLanguages, MaxWordRunes, MaxWords},
	} {
		clean, err := cleanList(l.field, *l.list, l.runes, l.most)
		if err != nil {
			return err
		}
		*l.list = clean
	}
	if len(s.ForbiddenNames) == 0 {
		s.ForbiddenNames = defaultForbidden()
	}
	for _, language := range s.BlockedLanguages {
		if !slices.Contains(Languages(), language) {
			return &repository.FieldError{Field: "chatBlockedLanguages", Reason: fmt.Sprintf("has %q, for which there is no list", language)}
		}
	}
	return nil
}

// cleanList trims a list and leaves out what is empty or there twice.
func cleanList(field string, list []string, runes, most int) ([]string, error) {
	clean, seen := []string{}, map[string]bool{}
	for _, s := range list {
		s = strings.TrimSpace(s)
		if utf8.RuneCountInString(s) > runes {
			return nil, &repository.FieldError{Field: field, Reason: fmt.Sprintf("has an entry longer than %d characters", runes)}
		}
		if s != "" && !seen[s] {
			seen[s] = true
			clean = append(clean, s)
		}
	}
	if len(clean) > most {
		return nil, &repository.FieldError{Field: field, Reason: fmt.Sprintf("has more than %d entries", most)}
	}
	return clean, nil
}
