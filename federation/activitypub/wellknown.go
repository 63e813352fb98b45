package activitypub

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// software is what servers of this kind are known as.
const software = "owncast"

// serveWebfinger tells where the channel's actor is (RFC 7033).
func (s *Service) serveWebfinger(w http.ResponseWriter, r *http.Request) error {
	x, rec, err := s.open(r)
	if err != nil {
		return err
	}
	resource := r.URL.Query().Get("resource")
	found := identity{}
	if strings.HasPrefix(resource, "https://") || strings.HasPrefix(resource, "http://") {
		for _, id := range rec.identities(x.id) {
			if resource == id.actor() || resource == id.base.String() || resource == id.base.String()+"/" {
				found = id
				break
			}
		}
	} else {
		if found, err = byAccount(resource, rec.identities(x.id)); err != nil {
			return err
		}
	}
	if found.base == nil {
		return errNoObject
	}
	actor := found.actor()
	body := webfinger{
		Subject: "acct:" + found.account(), Aliases: []string{actor},
		Links: []webfingerLink{
			{Rel: "self", Type: transport.ActivityJSON, Href: actor},
			{Rel: "http://webfinger.net/rel/profile-page", Type: "text/html", Href: actor},
			{Rel: "http://webfinger.net/rel/avatar", Href: found.url("/logo/external")},
			{Rel: "alternate", Type: "application/x-mpegURL", Href: found.url("/hls/stream.m3u8")},
		},
	}
	return writeValue(w, transport.JRD, body)
}

// byAccount is the identity of an account, of those that there are.
func byAccount(resource string, ids []identity) (identity, error) {
	rest, ok := strings.CutPrefix(resource, "acct:")
	if !ok || strings.Count(rest, "@") != 1 {
		return identity{}, httpx.BadRequest(`query parameter "resource" must be of the form acct:user@host`)
	}
	user, host, err := parseAccount(rest)
	if err != nil {
		return identity{}, httpx.BadRequest(`query parameter "resource" must be of the form acct:user@host`)
	}
	for _, id := range ids {
		if strings.EqualFold(user, id.username) && host == hostPort(id.base) {
			return id, nil
		}
	}
	return identity{}, errNoObject
}

// hostMeta leads to webfinger (RFC 6415).
const hostMeta = `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" type="application/jrd+json" template="%s/.well-known/webfinger?resource={uri}"/>
</XRD>
`

func (s *Service) serveHostMeta(w http.ResponseWriter, r *http.Request) error {
	x, err := s.running(r.Context())
	if err != nil {
		return err
	}
	origin := x.id.base.Scheme + "://" + x.id.base.Host
	w.Header().Set("Content-Type", "application/xrd+xml; charset=utf-8")
	_, err = fmt.Fprintf(w, hostMeta, html.EscapeString(origin))
	return err
}

func (s *Service) serveNodeInfoIndex(w http.ResponseWriter, r *http.Request) error {
	x, err := s.running(r.Context())
	if err != nil {
		return err
	}
	type link struct {
		Rel  string `json:"rel"`
		Href string `json:"href"`
	}
	return writeValue(w, transport.JSON, map[string][]link{"links": {
		{"http://nodeinfo.diaspora.software/ns/schema/2.0", x.id.url("/nodeinfo/2.0")},
		{"http://nodeinfo.diaspora.software/ns/schema/2.1", x.id.url("/nodeinfo/2.1")},
	}})
}

// nodeInfo is the document of that name.
type nodeInfo struct {
	Version           string           `json:"version"`
	Software          nodeSoftware     `json:"software"`
	Protocols         []string         `json:"protocols"`
	Services          nodeServices     `json:"services"`
	OpenRegistrations bool             `json:"openRegistrations"`
	Usage             nodeUsage        `json:"usage"`
	Metadata          nodeInfoMetadata `json:"metadata"`
}

type nodeSoftware struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	Repository string `json:"repository,omitempty"`
	Homepage   string `json:"homepage,omitempty"`
}

type nodeServices struct {
	Inbound  []string `json:"inbound"`
	Outbound []string `json:"outbound"`
}

type nodeUsage struct {
	Users      nodeUsers `json:"users"`
	LocalPosts int       `json:"localPosts"`
}

type nodeUsers struct {
	Total          int `json:"total"`
	ActiveMonth    int `json:"activeMonth"`
	ActiveHalfyear int `json:"activeHalfyear"`
}

type nodeInfoMetadata struct {
	ChatEnabled bool           `json:"chat_enabled"`
	Federation  nodeFederation `json:"federation"`
}

type nodeFederation struct {
	Username        string `json:"username"`
	FeaturedStreams int    `json:"featured_streams"` // the version of what this server can do
}

func (s *Service) posts(r *http.Request) (int, error) {
	_, n, err := s.cfg.Stores.Outbox.Activities(r.Context(), repository.Page{Limit: 1})
	return n, err
}

func (s *Service) serveNodeInfo(w http.ResponseWriter, r *http.Request) error {
	set, err := s.cfg.Settings(r.Context())
	if err != nil {
		return err
	}
	if !set.Enabled {
		return httpx.ErrMethodNotAllowed
	}
	ch, err := s.cfg.Channel(r.Context())
	if err != nil {
		return err
	}
	n, err := s.posts(r)
	if err != nil {
		return err
	}
	version := strings.TrimPrefix(r.URL.Path, "/nodeinfo/")
	body := nodeInfo{
		Version: version, Software: nodeSoftware{Name: software, Version: s.cfg.Version},
		Protocols: []string{"activitypub"}, Services: nodeServices{Inbound: []string{}, Outbound: []string{}},
		Usage: nodeUsage{Users: nodeUsers{1, 1, 1}, LocalPosts: n},
		Metadata: nodeInfoMetadata{
			ChatEnabled: ch.ChatEnabled, Federation: nodeFederation{Username: set.Username, FeaturedStreams: 1},
		},
	}
	return writeValue(w, `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/`+version+`#"`, body)
}

func (s *Service) serveNodeInfo2(w http.ResponseWriter, r *http.Request) error {
	x, err := s.running(r.Context())
	if err != nil {
		return err
	}
	n, err := s.posts(r)
	if err != nil {
		return err
	}
	base := x.id.base.String()
	return writeValue(w, transport.JSON, map[string]any{
		"version":      "1.0",
		"server":       map[string]any{"baseUrl": base, "version": s.cfg.Version, "name": software, "software": software},
		"organization": map[string]any{"name": x.channel.Name, "contact": base},
		"services":     nodeServices{Inbound: []string{"activitypub"}, Outbound: []string{"activitypub"}},
		"protocols":    []string{"activitypub"}, "openRegistrations": false,
		"usage": map[string]any{
			"users": map[string]int{"activeWeek": 1, "total": 1, "activeMonth": 1, "activeHalfyear": 1}, "localPosts": n, "localComments": 0,
		},
	})
}

// serveInstance is a document that clients of Mastodon read.
func (s *Service) serveInstance(w http.ResponseWriter, r *http.Request) error {
	x, err := s.running(r.Context())
	if err != nil {
		return err
	}
	n, err := s.posts(r)
	if err != nil {
		return err
	}
	return writeValue(w, transport.JSON, map[string]any{
		"uri": x.id.base.String(), "title": x.channel.Name, "short_description": x.channel.Summary, "description": x.channel.Summary,
		"version": "Owncast v" + s.cfg.Version, "thumbnail": x.id.url("/logo/external"), "languages": nil,
		"stats":         map[string]int{"user_count": 1, "status_count": n, "domain_count": 0},
		"registrations": false, "approval_required": false, "invites_enabled": false,
	})
}

func writeValue(w http.ResponseWriter, media string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	return writeJSON(w, media, data)
}
