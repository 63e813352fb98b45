package webhooks

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// MaxMessageRunes is how long a message may be.
const MaxMessageRunes = 2000

// Settings are who is told that a stream has begun.
type Settings struct {
	Discord Discord `json:"discord"`
	Browser Browser `json:"browser"`
	GoLive  GoLive  `json:"goLive"`
}

// GoLive is when and how a stream is announced.
type GoLive struct {
	// Message is for channels that have none of their own.
	Message string `json:"message"`
	// DelaySeconds is how long a stream must have been there, so that a test or
	// a false start is not announced: from 0 to an hour.
	DelaySeconds int `json:"delaySeconds"`
	// ThrottleSeconds is how long after an announcement there is no other one:
	// from 0 to a day.
	ThrottleSeconds int `json:"throttleSeconds"`
}

func (g GoLive) delay() time.Duration    { return time.Duration(g.DelaySeconds) * time.Second }
func (g GoLive) throttle() time.Duration { return time.Duration(g.ThrottleSeconds) * time.Second }

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

const defaultMessage = "I've gone live!"

// Setting is the section that the Settings are kept in.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{
		Section: "notifications",
		Default: func() Settings {
			return Settings{
				Browser: Browser{Enabled: true, GoLiveMessage: defaultMessage},
				GoLive:  GoLive{Message: defaultMessage, DelaySeconds: 120, ThrottleSeconds: 600},
			}
		},
		Validate: (*Settings).validate,
	}
}

func (s *Settings) validate() error {
	d := &s.Discord
	d.Webhook = strings.TrimSpace(d.Webhook)
	for field, text := range map[string]*string{
		"discord.goLiveMessage": &d.GoLiveMessage, "browser.goLiveMessage": &s.Browser.GoLiveMessage, "goLive.message": &s.GoLive.Message,
	} {
		if *text = strings.TrimSpace(*text); utf8.RuneCountInString(*text) > MaxMessageRunes {
			return &repository.FieldError{Field: field, Reason: fmt.Sprintf("is longer than %d characters", MaxMessageRunes)}
		}
	}
	if g := s.GoLive; g.DelaySeconds < 0 || g.DelaySeconds > 3600 {
		return &repository.FieldError{Field: "goLive.delaySeconds", Reason: "must be from 0 to 3600"}
	} else if g.ThrottleSeconds < 0 || g.ThrottleSeconds > 86400 {
		return &repository.FieldError{Field: "goLive.throttleSeconds", Reason: "must be from 0 to 86400"}
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
