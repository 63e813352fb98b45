package webhooks

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// MaxMessageRunes is how long a message may be.
const MaxMessageRunes = 2000

// Settings are who is told that a stream has begun.
type Settings struct {
	Discord Discord `json:"discord"`
	Browser Browser `json:"browser"`
}

// Discord is a channel of a Discord server.
type Discord struct {
	Enabled       bool   `json:"enabled"`
	Webhook       string `json:"webhook"` // the URL of the channel, a secret
	GoLiveMessage string `json:"goLiveMessage"`
}

// Browser is the browsers of viewers who want to be told.
type Browser struct {
	Enabled       bool   `json:"enabled"`
	GoLiveMessage string `json:"goLiveMessage"`
}

// Setting is the section that the Settings are kept in.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{
		Section:  "notifications",
		Default:  func() Settings { return Settings{Browser: Browser{Enabled: true, GoLiveMessage: "I've gone live!"}} },
		Validate: (*Settings).validate,
	}
}

func (s *Settings) validate() error {
	d := &s.Discord
	d.Webhook = strings.TrimSpace(d.Webhook)
	for field, text := range map[string]*string{
		"discord.goLiveMessage": &d.GoLiveMessage, "browser.goLiveMessage": &s.Browser.GoLiveMessage,
	} {
		if *text = strings.TrimSpace(*text); utf8.RuneCountInString(*text) > MaxMessageRunes {
			return &repository.FieldError{Field: field, Reason: fmt.Sprintf("is longer than %d characters", MaxMessageRunes)}
		}
	}
	if d.Webhook == "" {
		if d.Enabled {
			return &repository.FieldError{Field: "discord.webhook", Reason: "is required"}
		}
		return nil
	}
	u, err := url.Parse(d.Webhook)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(d.Webhook) > 2000 {
		return &repository.FieldError{Field: "discord.webhook", Reason: "is not an http or https URL"} // which is a secret
	}
	return nil
}
