package videotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/grafov/m3u8"
)

// Limits of what is read, and how long a player waits between requests.
const (
	maxPlaylist = 4 << 20
	maxMedia    = 256 << 20
	reloadTime  = 100 * time.Millisecond
)

// Client sends the requests of a player: an [http.Client], such as that of an
// [httptest.Server].
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Played is what [Play] has seen of one rendition.
type Played struct {
	URL             string // of its playlist
	Codecs          string // as the multivariant playlist says; empty for sound alone
	Segments        int    // that were fetched
	Duration        time.Duration
	Bytes           int64
	Discontinuities int
}

// PlayError is what is wrong with a stream.
type PlayError struct {
	URL string // of what is wrong
	Err error
}

// Error has both.
func (e *PlayError) Error() string { return "videotest: " + e.URL + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *PlayError) Unwrap() error { return e.Err }

// Play follows the HLS stream at a URL, that of a multivariant or of a media
// playlist, and fetches d of every rendition, one after the other. It waits
// for a stream that has not begun, and returns when it has everything, when
// something is wrong, which is a [*PlayError], or when ctx is done.
//
// It checks what every player relies on (RFC 8216, sections 4 and 6): the
// target duration stays as it is and no segment is longer, sequence numbers do
// not go back, what was listed does not change, and what is listed is there,
// as fragmented MP4 with what initializes it.
func Play(ctx context.Context, c Client, rawURL string, d time.Duration) ([]Played, error) {
	p := &player{client: c}
	list, err := p.playlist(ctx, rawURL)
	if err != nil {
		return nil, err
	}
	var played []Played
	master, ok := list.Playlist.(*m3u8.MasterPlaylist)
	if !ok {
		played = append(played, Played{URL: list.at.String()})
	} else if played, err = renditions(master, list.at); err != nil {
		return nil, err
	}
	for i := range played {
		f := follower{player: p, Played: &played[i], known: map[uint64]string{}, inits: map[string]bool{}}
		if err := f.follow(ctx, d); err != nil {
			return played, err
		}
	}
	return played, nil
}

// renditions are those that a multivariant playlist names.
func renditions(master *m3u8.MasterPlaylist, at *url.URL) ([]Played, error) {
	var list []Played
	add := func(uri, codecs string) error {
		u, err := at.Parse(uri)
		if err != nil {
			return &PlayError{at.String(), err}
		}
		if !slices.ContainsFunc(list, func(p Played) bool { return p.URL == u.String() }) {
			list = append(list, Played{URL: u.String(), Codecs: codecs})
		}
		return nil
	}
	for _, v := range master.Variants {
		if err := add(v.URI, v.Codecs); err != nil {
			return nil, err
		}
		for _, a := range v.Alternatives {
			if a.URI == "" {
				continue
			}
			if err := add(a.URI, ""); err != nil {
				return nil, err
			}
		}
	}
	if len(list) == 0 {
		return nil, &PlayError{at.String(), errors.New("no rendition")}
	}
	return list, nil
}

type player struct{ client Client }

// errMissing is of what is answered with 404 or 503.
var errMissing = errors.New("not there")

// get fetches a URL, and returns where it was found.
func (p *player) get(ctx context.Context, rawURL string, most int64) ([]byte, *url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody)
	if err != nil {
		return nil, nil, &PlayError{rawURL, err}
	}
	res, err := p.client.Do(r)
	if err != nil {
		return nil, nil, &PlayError{rawURL, err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusServiceUnavailable:
		return nil, nil, &PlayError{rawURL, fmt.Errorf("%s: %w", res.Status, errMissing)}
	case res.StatusCode != http.StatusOK:
		return nil, nil, &PlayError{rawURL, errors.New(res.Status)}
	case err != nil:
		return nil, nil, &PlayError{rawURL, err}
	case int64(len(body)) > most:
		return nil, nil, &PlayError{rawURL, fmt.Errorf("more than %d bytes", most)}
	}
	if res.Request != nil && res.Request.URL != nil {
		return body, res.Request.URL, nil
	}
	return body, r.URL, nil
}

// playlist is one as it was fetched.
type playlist struct {
	m3u8.Playlist
	at     *url.URL
	target float64 // as it says; m3u8 makes it fit the segments
}

// playlist fetches and reads a playlist, once it is there.
func (p *player) playlist(ctx context.Context, rawURL string) (playlist, error) {
	for {
		body, at, err := p.get(ctx, rawURL, maxPlaylist)
		if err == nil {
			return readPlaylist(body, at)
		}
		if !errors.Is(err, errMissing) {
			return playlist{}, err
		}
		if waited := pause(ctx); waited != nil {
			return playlist{}, errors.Join(waited, err)
		}
	}
}

func readPlaylist(body []byte, at *url.URL) (playlist, error) {
	l := playlist{at: at}
	var err error
	if l.Playlist, _, err = m3u8.DecodeFrom(bytes.NewReader(body), true); err != nil {
		return playlist{}, &PlayError{at.String(), fmt.Errorf("no playlist: %w", err)}
	}
	if _, after, ok := bytes.Cut(body, []byte("\n#EXT-X-TARGETDURATION:")); ok {
		number, _, _ := bytes.Cut(after, []byte("\n"))
		if l.target, err = strconv.ParseFloat(string(bytes.TrimSpace(number)), 64); err != nil {
			return playlist{}, &PlayError{at.String(), fmt.Errorf("target duration: %w", err)}
		}
	}
	return l, nil
}

// pause waits until it is time to ask again.
func pause(ctx context.Context) error {
	timer := time.NewTimer(reloadTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// follower plays a rendition.
type follower struct {
	*player
	*Played
	target float64           // seconds
	first  uint64            // number of the first segment that is listed
	known  map[uint64]string // what was listed, by number
	inits  map[string]bool   // that were fetched
	next   uint64            // number of the segment to fetch
}

func (f *follower) wrong(format string, args ...any) error {
	return &PlayError{f.URL, fmt.Errorf(format, args...)}
}

// follow fetches segments until it has enough.
func (f *follower) follow(ctx context.Context, d time.Duration) error {
	for f.Duration < d {
		list, err := f.playlist(ctx, f.URL)
		if err != nil {
			return err
		}
		media, ok := list.Playlist.(*m3u8.MediaPlaylist)
		if !ok {
			return f.wrong("no media playlist")
		}
		if err := f.check(media, list.target); err != nil {
			return err
		}
		if err := f.fetch(ctx, media, list.at, d); err != nil {
			return err
		}
		if f.Duration >= d {
			return nil
		}
		if media.Closed {
			return f.wrong("the stream has ended after %v", f.Duration)
		}
		if err := pause(ctx); err != nil {
			return errors.Join(err, f.wrong("%v in %d segments", f.Duration, f.Segments))
		}
	}
	return nil
}

// check holds a playlist against what it was before.
func (f *follower) check(media *m3u8.MediaPlaylist, target float64) error {
	if target <= 0 {
		return f.wrong("no target duration")
	}
	if f.target != 0 && target != f.target {
		return f.wrong("the target duration was %v s and is %v s", f.target, target)
	}
	if media.SeqNo < f.first {
		return f.wrong("the sequence goes back from %d to %d", f.first, media.SeqNo)
	}
	f.target, f.first = target, media.SeqNo
	for i, s := range segments(media) {
		n := media.SeqNo + uint64(i)
		switch was, ok := f.known[n]; {
		case s.Duration <= 0 || math.Round(s.Duration) > f.target:
			return f.wrong("segment %d of %v s, and a target duration of %v s", n, s.Duration, f.target)
		case ok && was != s.URI:
			return f.wrong("segment %d was %q and is %q", n, was, s.URI)
		}
		f.known[n] = s.URI
	}
	return nil
}

// segments are those of a playlist, each with what initializes it.
func segments(media *m3u8.MediaPlaylist) []m3u8.MediaSegment {
	var list []m3u8.MediaSegment
	var init *m3u8.Map
	for _, s := range media.Segments[:media.Count()] {
		if s.Map != nil {
			init = s.Map
		}
		c := *s
		c.Map = init
		list = append(list, c)
	}
	return list
}

// fetch fetches what is new in a playlist, until it is enough. A segment that
// is not there is nothing wrong if it has left the playlist meanwhile, as for
// a player that is slow.
func (f *follower) fetch(ctx context.Context, media *m3u8.MediaPlaylist, at *url.URL, d time.Duration) error {
	for i, s := range segments(media) {
		n := media.SeqNo + uint64(i)
		if n < f.next {
			continue
		}
		if s.Map == nil {
			return f.wrong("segment %d has nothing that initializes it", n)
		}
		if err := f.initialize(ctx, at, s.Map.URI); err != nil {
			return f.orLeft(ctx, n, err)
		}
		size, err := f.media(ctx, at, s.URI, "moof")
		if err != nil {
			return f.orLeft(ctx, n, err)
		}
		f.next = n + 1
		f.Segments++
		f.Bytes += size
		f.Duration += time.Duration(s.Duration * float64(time.Second))
		if s.Discontinuity {
			f.Discontinuities++
		}
		if f.Duration >= d {
			return nil
		}
	}
	return nil
}

// orLeft returns err unless segment n was missing and is not listed any more.
func (f *follower) orLeft(ctx context.Context, n uint64, err error) error {
	if !errors.Is(err, errMissing) {
		return err
	}
	list, again := f.playlist(ctx, f.URL)
	if again != nil {
		return errors.Join(err, again)
	}
	if media, ok := list.Playlist.(*m3u8.MediaPlaylist); !ok || n >= media.SeqNo {
		return err
	}
	return nil
}

func (f *follower) initialize(ctx context.Context, at *url.URL, uri string) error {
	if f.inits[uri] {
		return nil
	}
	_, err := f.media(ctx, at, uri, "ftyp")
	f.inits[uri] = err == nil
	return err
}

// media fetches a file and looks at how it begins (ISO/IEC 14496-12, 4.2).
func (f *follower) media(ctx context.Context, at *url.URL, uri, box string) (int64, error) {
	u, err := at.Parse(uri)
	if err != nil {
		return 0, f.wrong("%q: %w", uri, err)
	}
	body, _, err := f.get(ctx, u.String(), maxMedia)
	if err != nil {
		return 0, err
	}
	if len(body) < 8 || string(body[4:8]) != box {
		return 0, &PlayError{u.String(), fmt.Errorf("begins with no %q", box)}
	}
	return int64(len(body)), nil
}
