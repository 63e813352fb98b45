package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/internal/idn"
	"github.com/owncast-go/owncast/repository"
)

// Limits of the instance. Those of long texts are in bytes, the others in
// characters.
const (
	maxNameRunes    = 100
	maxTitleRunes   = 300
	maxSummaryRunes = 2000
	maxText         = 256 << 10
	maxTags         = 50
	maxTagRunes     = 100
	maxHandles      = 100
	maxActions      = 50
	maxURL          = 2000
	maxVariables    = 200
	maxVariable     = 200
	maxActionHTML   = 32 << 10
)

func wrong(field, format string, args ...any) error {
	return &repository.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (i *Instance) validate() error {
	for _, text := range []*string{&i.Name, &i.Summary, &i.StreamTitle, &i.OfflineMessage, &i.SocketHostOverride} {
		*text = strings.TrimSpace(*text)
	}
	if i.Name == "" {
		return wrong("name", "is empty")
	}
	if !slices.Contains([]string{AutoplayOff, AutoplayAlways, AutoplaySoundOnly}, i.Autoplay) {
		return wrong("autoplay", `must be "off", "always" or "sound-only"`)
	}
	return errors.Join(i.validateLengths(), i.validateTags(), i.validateHandles(), i.validateActions(),
		validateVariables(i.AppearanceVariables), validateServerURL(&i.ServerURL), validateSocketHost(i.SocketHostOverride))
}

func (i *Instance) validateLengths() error {
	for _, f := range []struct {
		name, value string
		most        int
	}{
		{"name", i.Name, maxNameRunes},
		{"streamTitle", i.StreamTitle, maxTitleRunes},
		{"summary", i.Summary, maxSummaryRunes},
	} {
		if utf8.RuneCountInString(f.value) > f.most {
			return wrong(f.name, "is longer than %d characters", f.most)
		}
	}
	for _, f := range []struct{ name, value string }{
		{"offlineMessage", i.OfflineMessage},
		{"extraPageContent", i.ExtraPageContent},
		{"customStyles", i.CustomStyles},
		{"customJavascript", i.CustomJavaScript},
	} {
		if len(f.value) > maxText {
			return wrong(f.name, "is longer than %d bytes", maxText)
		}
	}
	return nil
}

func (i *Instance) validateTags() error {
	tags := []string{}
	for _, tag := range i.Tags {
		tag = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(tag), "#"))
		if utf8.RuneCountInString(tag) > maxTagRunes {
			return wrong("tags", "has a tag longer than %d characters", maxTagRunes)
		}
		if tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	if len(tags) > maxTags {
		return wrong("tags", "has more than %d tags", maxTags)
	}
	i.Tags = tags
	return nil
}

func (i *Instance) validateHandles() error {
	if len(i.SocialHandles) > maxHandles {
		return wrong("socialHandles", "has more than %d handles", maxHandles)
	}
	i.SocialHandles = append([]SocialHandle{}, i.SocialHandles...)
	for n := range i.SocialHandles {
		h := &i.SocialHandles[n]
		h.Platform, h.URL = strings.TrimSpace(h.Platform), strings.TrimSpace(h.URL)
		if h.Platform == "" || utf8.RuneCountInString(h.Platform) > maxNameRunes {
			return wrong("socialHandles", "has handle %d with a platform of less than 1 or more than %d characters", n+1, maxNameRunes)
		}
		if !isLink(h.URL, "http", "https", "mailto", "xmpp", "matrix", "irc", "ircs", "gemini") {
			return wrong("socialHandles", "has handle %d with a url that is no link to a page, a mailbox or a chat", n+1)
		}
	}
	return nil
}

func (i *Instance) validateActions() error {
	if len(i.ExternalActions) > maxActions {
		return wrong("externalActions", "has more than %d actions", maxActions)
	}
	i.ExternalActions = append([]ExternalAction{}, i.ExternalActions...)
	for n := range i.ExternalActions {
		x := &i.ExternalActions[n]
		x.URL, x.Title, x.Icon = strings.TrimSpace(x.URL), strings.TrimSpace(x.Title), strings.TrimSpace(x.Icon)
		relative := strings.HasPrefix(x.Icon, "/") && !strings.HasPrefix(x.Icon, "//")
		switch {
		case x.Title == "" || utf8.RuneCountInString(x.Title) > maxNameRunes:
			return wrong("externalActions", "has action %d with a title of less than 1 or more than %d characters", n+1, maxNameRunes)
		case (x.URL == "") == (x.HTML == ""):
			return wrong("externalActions", "has action %d without a url or html, or with both", n+1)
		case x.URL != "" && !isLink(x.URL, "http", "https"):
			return wrong("externalActions", "has action %d with a url that is not http or https", n+1)
		case len(x.HTML) > maxActionHTML:
			return wrong("externalActions", "has action %d with html longer than %d bytes", n+1, maxActionHTML)
		case utf8.RuneCountInString(x.Description) > maxSummaryRunes:
			return wrong("externalActions", "has action %d with a description longer than %d characters", n+1, maxSummaryRunes)
		case x.Icon != "" && !relative && !isLink(x.Icon, "http", "https"):
			return wrong("externalActions", "has action %d with an icon that is no URL", n+1)
		case !isCSSValue(x.Color):
			return wrong("externalActions", "has action %d with a color that is not CSS", n+1)
		}
	}
	return nil
}

// isLink reports whether s is a URL of one of the schemes. It keeps out those
// that run scripts.
func isLink(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || !slices.Contains(schemes, u.Scheme) {
		return false
	}
	return u.Host != "" || u.Opaque != "" && u.Scheme != "http" && u.Scheme != "https"
}

// isCSSValue keeps out what would end a declaration.
func isCSSValue(s string) bool {
	return len(s) <= maxVariable && utf8.ValidString(s) && !strings.ContainsAny(s, ";{}<>\\\n\r\x00")
}

func validateVariables(vars map[string]string) error {
	if len(vars) > maxVariables {
		return wrong("appearanceVariables", "has more than %d variables", maxVariables)
	}
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,99}$`)
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		if !name.MatchString(k) {
			return wrong("appearanceVariables", "has %.100q, which is no name of a variable", k)
		}
		if !isCSSValue(vars[k]) {
			return wrong("appearanceVariables", "has %q with a value that is not CSS", k)
		}
	}
	return nil
}

// validateServerURL accepts no private address, which the world could not
// reach, but for those of the machine itself, for trying things.
func validateServerURL(s *string) error {
	*s = strings.TrimRight(strings.TrimSpace(*s), "/")
	if *s == "" {
		return nil
	}
	u, err := url.Parse(*s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(*s) > maxURL {
		return wrong("serverURL", "is not valid: server url value invalid")
	}
	if !idn.URL(u) {
		return wrong("serverURL", "is not valid: no server can have that name")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		if addr = addr.Unmap(); (addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()) && !addr.IsLoopback() {
			return wrong("serverURL", "is not valid: Server URL cannot be private")
		}
	}
	*s = u.String() // with the name in ASCII, as all that is made of it must have it
	if u.Path != "" {
		return wrong("serverURL", "has a path, which only the program that runs this server can give it")
	}
	return nil
}

func validateSocketHost(s string) error {
	if s == "" {
		return nil
	}
	if !strings.Contains(s, "://") {
		if u, err := url.Parse("//" + s); err == nil && u.Host == s && len(s) <= maxURL {
			return nil
		}
	} else if isLink(s, "ws", "wss", "http", "https") {
		return nil
	}
	return wrong("socketHostOverride", "is neither a host nor a ws or wss URL")
}
