package web

import (
	"net/url"
	"strings"
)

// policy is a Content-Security-Policy: a page loads what comes from its own
// origin and nothing else, but for media that the storage serves itself, which
// requests to its own origin are redirected to, and what the channel's
// settings name: a host for WebSockets, and pages to be shown within the page.
// Players make blob URLs for media and workers, and data URLs for captions.
// The base of a page is written by [app.page].
type policy struct {
	media     []string // origins
	ancestors []string // who may show the page in a frame
	channel   Channel
}

func (p policy) String() string {
	media := strings.Join(append([]string{"'self'"}, p.media...), " ")
	return "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src " + media +
		" blob: data:; connect-src " + media + p.sockets() + "; frame-src 'self'" + p.frames() + "; worker-src 'self' blob:; " +
		"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors " + strings.Join(p.ancestors, " ")
}

// sockets are what a page connects to for chat.
func (p policy) sockets() string {
	host := p.channel.Socket
	if host == "" {
		return ""
	}
	if u, err := url.Parse(host); err == nil && u.Host != "" {
		host = u.Host
	}
	if !plainHost(host) {
		return ""
	}
	return " ws://" + host + " wss://" + host
}

// frames are the origins of pages that are shown within the page.
func (p policy) frames() string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, raw := range p.channel.Frames {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || !plainHost(u.Host) || seen[u.Host] {
			continue
		}
		seen[u.Host] = true
		b.WriteString(" " + u.Scheme + "://" + u.Host)
	}
	return b.String()
}

// plainHost tells whether a host, with a port or without, can stand in a
// policy and means nothing else there.
func plainHost(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]_", r)
	})
}
