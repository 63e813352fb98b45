package federation

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Limits of the settings.
const (
	MaxMessageRunes   = 2000
	MaxUsernameLen    = 30
	MaxBlockedDomains = 10_000
)

// Settings are how the server is seen by others.
type Settings struct {
	Enabled        bool     `json:"enabled"`
	Username       string   `json:"username"`
	Private        bool     `json:"private"`        // followers must be let in, and posts are for them alone
	GoLiveMessage  string   `json:"goLiveMessage"`  // posted when a stream begins; "" posts nothing
	ShowEngagement bool     `json:"showEngagement"` // in the chat
	AllowQuotes    bool     `json:"allowQuotes"`
	HideFollowers  bool     `json:"hideFollowers"`
	BlockedDomains []string `json:"blockedDomains"`
}

// Setting is the section that the Settings are kept in.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{
		Section: "federation",
		Default: func() Settings {
			return Settings{Username: "streamer", GoLiveMessage: "I've gone live!", ShowEngagement: true, BlockedDomains: []string{}}
		},
		Validate: (*Settings).validate,
	}
}

func (s *Settings) validate() error {
	s.Username = strings.TrimSpace(s.Username)
	s.GoLiveMessage = strings.TrimSpace(s.GoLiveMessage)
	if !userForm.MatchString(s.Username) {
		return &repository.FieldError{Field: "username", Reason: "must be 1 to 30 letters, digits or underscores"}
	}
	if utf8.RuneCountInString(s.GoLiveMessage) > MaxMessageRunes {
		return &repository.FieldError{Field: "goLiveMessage", Reason: fmt.Sprintf("is longer than %d characters", MaxMessageRunes)}
	}
	seen := map[string]bool{}
	clean := []string{}
	for _, d := range s.BlockedDomains {
		d = cleanDomain(d)
		if d == "" || seen[d] {
			continue
		}
		if !validDomain(d) {
			return &repository.FieldError{Field: "blockedDomains", Reason: fmt.Sprintf("has %q, which is no domain", clip(d))}
		}
		seen[d] = true
		clean = append(clean, d)
	}
	if len(clean) > MaxBlockedDomains {
		return &repository.FieldError{Field: "blockedDomains", Reason: fmt.Sprintf("has more than %d domains", MaxBlockedDomains)}
	}
	s.BlockedDomains = clean
	return nil
}

// cleanDomain is a domain without what people write around it.
func cleanDomain(d string) string {
	return strings.ToLower(strings.Trim(strings.TrimSpace(d), "."))
}

var (
	domainForm = regexp.MustCompile(`^[\pL\pN\pM_-]+(\.[\pL\pN\pM_-]+)*(:[0-9]{1,5})?$`)
	userForm   = regexp.MustCompile(`^[A-Za-z0-9_]{1,30}$`)
)

func validDomain(d string) bool { return len(d) <= 255 && domainForm.MatchString(d) }
