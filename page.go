package owncast

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/web"
)

// WithFrameAncestors says who may show the embedded player and chat, at
// embed/video and embed/chat/…, in frames of their pages: sources such as
// "https://example.org", "https://*.example.org" or "'self'". Without any
// source nobody may. The default is everybody; the other pages are shown in
// frames of the App's own origin alone.
func WithFrameAncestors(sources ...string) Option {
	return func(c *config) error {
		c.frameAncestors = []string{"'none'"}
		if len(sources) > 0 {
			c.frameAncestors = sources
		}
		var errs []error
		for _, s := range sources {
			errs = append(errs, checkSource(s))
		}
		return option("WithFrameAncestors", errors.Join(errs...))
	}
}

// checkSource returns an error for what is no source of a policy (Content
// Security Policy Level 3, section 2.3.1), or more than one.
func checkSource(s string) error {
	if s == "*" || s == "'self'" {
		return nil
	}
	u, err := url.Parse(strings.Replace(s, "://*.", "://", 1))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil || strings.ContainsAny(s, " ;,\"'\\\t\r\n") {
		return fmt.Errorf("%q is no source such as https://example.org", s)
	}
	return nil
}

// rootURL returns where the world sees the root of the App, with a slash at
// the end: as the settings say, or else as the request was sent.
func (p *parts) rootURL(c config) func(*http.Request) string {
	base := strings.TrimSuffix(c.base.Path, "/")
	return func(r *http.Request) string {
		if i, err := p.settings.sections.Instance.Peek(r.Context()); err == nil && i.ServerURL != "" {
			return strings.TrimSuffix(i.ServerURL, "/") + "/"
		}
		mount, scheme := base, "http"
		if mount == "" {
			mount = httpx.Mount(r)
		}
		if httpx.IsHTTPS(r, c.trusted) {
			scheme = "https"
		}
		return (&url.URL{Scheme: scheme, Host: r.Host, Path: mount + "/"}).String()
	}
}

// channel is what the page says of the channel.
func (a *App) channel(p *parts) func(context.Context) web.Channel {
	return func(ctx context.Context) web.Channel {
		i, err := p.settings.sections.Instance.Peek(ctx)
		if err != nil {
			return web.Channel{}
		}
		ch := web.Channel{
			Name: i.Name, Summary: i.Summary, Title: i.StreamTitle, Tags: i.Tags,
			Live: a.state.Status().Online(), Socket: i.SocketHostOverride,
			IndieAuth: strings.HasPrefix(i.ServerURL, "https://") && p.settings.administered(ctx),
		}
		for _, action := range i.ExternalActions {
			if action.URL != "" && !action.OpenExternally {
				ch.Frames = append(ch.Frames, action.URL)
			}
		}
		return ch
	}
}

// item is what a page about a recording or an event says of it. The page of an
// event that is not there any more shows the others.
func (p *parts) item(ctx context.Context, path string) (web.Item, bool) {
	if id, ok := strings.CutPrefix(path, "/schedule/"); ok {
		return p.eventItem(ctx, id), true
	}
	id, ok := strings.CutPrefix(path, "/recordings/")
	if !ok {
		return web.Item{}, true
	}
	if p.library == nil {
		return web.Item{}, false
	}
	one, err := p.library.Lookup(ctx, id)
	if err != nil {
		return web.Item{}, false
	}
	item := web.Item{Title: one.Title}
	if one.Thumbnail {
		item.Image = "recordings/" + one.ID + "/thumbnail.jpg"
	}
	return item, true
}

// eventItem is what the page of an event says of it, if the schedule is switched
// on.
func (p *parts) eventItem(ctx context.Context, id string) web.Item {
	set, err := p.settings.sections.Schedule.Peek(ctx)
	if err != nil || !set.Enabled {
		return web.Item{}
	}
	e, err := p.repo.Schedule.Event(ctx, id)
	if err != nil {
		return web.Item{}
	}
	return web.Item{Title: e.Name}
}
