package activitypub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
)

// webfinger is a document that tells where somebody is (RFC 7033).
type webfinger struct {
	Subject string          `json:"subject"`
	Aliases []string        `json:"aliases,omitempty"`
	Links   []webfingerLink `json:"links"`
}

type webfingerLink struct {
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Href     string `json:"href,omitempty"`
	Template string `json:"template,omitempty"`
}

// maxLinks is how many links of a webfinger document are looked at.
const maxLinks = 64

// parseAccount reads user@host, with or without an @ or "acct:" in front.
func parseAccount(s string) (user, host string, err error) {
	s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(s), "acct:"), "@")
	user, host, ok := strings.Cut(s, "@")
	if !ok || user == "" || len(s) > 320 || strings.ContainsAny(s, " /?#\\\"<>\n\r\t") || strings.Contains(host, "@") {
		return "", "", federation.ErrAccount
	}
	u, parseErr := url.Parse("https://" + host)
	if parseErr != nil || u.Host == "" || u.Path != "" {
		return "", "", federation.ErrAccount
	}
	if host = hostPort(u); host == "" {
		return "", "", federation.ErrAccount
	}
	return user, host, nil
}

// webfinger asks the host of an account about it.
func (s *Service) webfinger(ctx context.Context, acct string) (webfinger, error) {
	user, host, err := parseAccount(acct)
	if err != nil {
		return webfinger{}, err
	}
	if s.blocks.blocks(ctx, host) {
		return webfinger{}, federation.ErrBlocked
	}
	at := "https://" + host + "/.well-known/webfinger?resource=" + url.QueryEscape("acct:"+account(user, host))
	doc, err := s.transport.Fetch(ctx, at, transport.JRD, transport.JSON)
	if err != nil {
		return webfinger{}, unreachable(err)
	}
	var w webfinger
	if err := json.Unmarshal(doc.Data, &w); err != nil {
		return webfinger{}, fmt.Errorf("%w: its answer is no JSON", federation.ErrUnreachable)
	}
	w.Links = w.Links[:min(len(w.Links), maxLinks)]
	return w, nil
}

// unreachable says of an error that it is about another server.
func unreachable(err error) error {
	var status *transport.StatusError
	switch {
	case errors.Is(err, transport.ErrHost):
		return fmt.Errorf("%w: %w", federation.ErrBlocked, err)
	case errors.As(err, &status) && (status.Status == 404 || status.Status == 410):
		return fmt.Errorf("%w: %w", federation.ErrAccount, err)
	}
	return fmt.Errorf("%w: %w", federation.ErrUnreachable, err)
}

// resolve returns the IRI of the actor of an account.
func (s *Service) resolve(ctx context.Context, acct string) (string, error) {
	w, err := s.webfinger(ctx, acct)
	if err != nil {
		return "", err
	}
	for _, l := range w.Links {
		if l.Rel == "self" && (l.Type == transport.ActivityJSON || strings.HasPrefix(l.Type, transport.LDJSON)) && hostOf(l.Href) != "" {
			return l.Href, nil
		}
	}
	return "", federation.ErrAccount
}

// RemoteFollow returns the page where the owner of an account can follow.
func (s *Service) RemoteFollow(ctx context.Context, acct string) (string, error) {
	x, err := s.running(ctx)
	if err != nil {
		return "", err
	}
	w, err := s.webfinger(ctx, acct)
	if err != nil {
		return "", err
	}
	for _, l := range w.Links {
		if l.Rel != "http://ostatus.org/schema/1.0/subscribe" || !strings.Contains(l.Template, "{uri}") {
			continue
		}
		at := strings.ReplaceAll(l.Template, "{uri}", url.QueryEscape(x.id.actor()))
		if u, err := url.Parse(at); err == nil && u.Scheme == "https" && hostOf(at) != "" {
			return at, nil
		}
	}
	return "", federation.ErrRemoteFollow
}
