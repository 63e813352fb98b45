package owncast

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/owncast-go/owncast/internal/geoip"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/video"
)

// WithViewerCount adds the viewers that f counts to those of the App's own,
// such as those of a CDN or of another platform. It is asked once a second at
// the most, while there is a stream; it must be safe for concurrent use and
// must not block. What is below 0 counts as 0. In a cluster one node at a time
// asks its f, for all; see [WithCluster].
func WithViewerCount(f func() int) Option {
	return func(c *config) error {
		c.extraViewers = f
		return notNil("WithViewerCount", f == nil)
	}
}

// WithGeo tells administrators where viewers are. f is asked when they list
// the viewers; false means that it does not know, and the file of [WithGeoIP]
// is asked then. It must be safe for concurrent use.
func WithGeo(f func(netip.Addr) (Geo, bool)) Option {
	return func(c *config) error {
		c.geo = f
		return notNil("WithGeo", f == nil)
	}
}

// WithGeoIP tells administrators where viewers are, by a file in the MaxMind
// DB format such as GeoLite2-City.mmdb. Start reads it into memory; its error
// matches a [*GeoIPError] if the file cannot be used. When the file is
// replaced, the new one is read within a minute of use. The default knows
// nothing.
func WithGeoIP(path string) Option {
	return func(c *config) error {
		if path == "" {
			return option("WithGeoIP", errors.New("empty"))
		}
		// Here, and not where it is used, for programs that do not call this to
		// be linked without the reader.
		c.openGeoIP = func(log *slog.Logger) (func(netip.Addr) (Geo, bool), error) {
			db, err := geoip.Open(path, log)
			if err != nil {
				return nil, err
			}
			return func(addr netip.Addr) (Geo, bool) {
				p, ok := db.Lookup(addr)
				return Geo(p), ok
			}, nil
		}
		return nil
	}
}

// openGeo returns what knows where addresses are, nil if nothing does.
func openGeo(c config) (func(netip.Addr) (Geo, bool), error) {
	if c.openGeoIP == nil {
		return c.geo, nil
	}
	lookup, err := c.openGeoIP(c.log)
	if err != nil {
		return nil, err
	}
	return func(addr netip.Addr) (Geo, bool) {
		if c.geo != nil {
			if g, ok := c.geo(addr); ok {
				return g, true
			}
		}
		return lookup(addr)
	}, nil
}

// newAudience counts who watches.
func newAudience(c config, state *video.State, p *parts) (*stats.Audience, error) {
	geo, err := openGeo(c)
	if err != nil {
		return nil, err
	}
	return stats.New(stats.Config{
		Session: func() string {
			if now := state.Status(); now.Online() {
				return now.SessionID
			}
			return ""
		},
		Stream:   func() stats.Stream { return watched(state.Status(), p.packager) },
		Ended:    func() time.Time { return state.Status().EndedAt },
		ClientIP: func(r *http.Request) netip.Addr { return httpx.ClientIP(r, c.trusted) },
		Settings: p.settings.store, Series: p.settings.series, CPU: cpu(p.hardware), Extra: c.extraViewers, Elsewhere: p.elsewhere(), Lead: p.leads, Geo: geo, Logger: c.log,
	})
}

// targeter knows the length of segments.
type targeter interface{ TargetDuration() time.Duration }

// watched describes the stream to those who judge how it plays.
func watched(s video.Status, target targeter) stats.Stream {
	stream := stats.Stream{Target: target.TargetDuration()}
	if in := s.Ingest; in != nil {
		stream.Inbound = in.VideoBitrate + in.AudioBitrate
		stream.Outputs = []stats.Output{{Bitrate: stream.Inbound, Passthrough: true}}
	}
	return stream
}

// ViewerCount is how many viewers there are, and were at the most: playback
// sessions that were seen in the last three target durations, or 15 seconds if
// that is longer. See [WithViewerCount].
func (a *App) ViewerCount() ViewerCount {
	p, err := a.live()
	if err != nil {
		return ViewerCount{}
	}
	return p.audience.Count()
}
