// Package recording keeps broadcasts: each session becomes a recording that
// can be watched while it grows and afterwards, and from which clips are cut.
//
// A [Library] is the Recorder of a hls.Packager and has the same storage:
//
//	library, err := recording.New(recording.Config{Storage: store})
//	packager := hls.New(hls.Config{Storage: store, Recorder: library})
//	library.Start()
//	mux.Handle("/recordings/", http.StripPrefix("/recordings", library))
//
// Everything is in the storage and nothing elsewhere:
//
//	recordings/<id>.json              what List tells of a recording
//	recordings/<id>.media             says that there may be media
//	recorded/<id>/stream.m3u8         the multivariant playlist, once it has ended
//	recorded/<id>/0/stream.m3u8       its media playlist
//	recorded/<id>/0/…                 segments and headers
//	recorded/<id>/index-<n>.json      what the media playlist is made of
//	recorded/<id>/thumbnail.jpg
//
// A recording has the broadcast as it came, in one rendition.
//
// # When something fails
//
// A segment is part of a recording once the storage has confirmed it. What
// the storage did not take is left out and marked with a discontinuity, so
// that every player goes on with the next segment at once; the dates on both
// sides tell how much is missing. (EXT-X-GAP would keep the length, but RFC
// 8216bis leaves to the player what it does in a gap that has no other
// rendition, and players that do not know the tag ask for the segment.)
//
// A process that is killed loses the segment or two that were not noted yet.
// The next Start completes what was being recorded. A recording that is
// deleted loses its metadata first, so that none with missing segments is
// ever listed; its mark, recordings/<id>.media, last, so that the next Start
// finishes a deletion that was cut off.
package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Errors of a Library. They are found with [errors.Is].
var (
	// ErrNotFound is for ids that no recording has. It matches
	// [fs.ErrNotExist].
	ErrNotFound = fmt.Errorf("recording: %w", fs.ErrNotExist)
	// ErrLive refuses to delete what is being recorded.
	ErrLive = errors.New("recording: still being recorded")
	// ErrTitle refuses a title that is too long or no text.
	ErrTitle = fmt.Errorf("recording: a title has %d characters at the most", maxTitle)
	// ErrRange refuses a clip of a time in which there is no recording.
	ErrRange = errors.New("recording: nothing was recorded in this range")
	// ErrTooLong refuses a clip longer than the policy allows.
	ErrTooLong = errors.New("recording: the clip is too long")
	// ErrUnavailable is returned as long as the storage cannot be read.
	ErrUnavailable = errors.New("recording: the storage does not answer")
	// ErrClosed is returned after Shutdown.
	ErrClosed = errors.New("recording: closed")
)

// State is how far a recording is.
type State string

// The states. All but Live are final.
const (
	Live        State = "live"        // it grows
	Complete    State = "complete"    // to the end of its session
	Interrupted State = "interrupted" // its process ended before its session did
)

// Recording is what is known of a recording or a clip. It is a value.
type Recording struct {
	// ID is unique, of lower-case letters and digits, and fit for URLs.
	ID string `json:"id"`
	// Session is the session that was recorded.
	Session string `json:"session"`
	// Of is the recording that a clip was cut from, "" for none. That one may
	// have been deleted since: a clip has media of its own.
	Of            string        `json:"of,omitempty"`
	Title         string        `json:"title"`
	StartedAt     time.Time     `json:"startedAt"` // of the first segment
	Duration      time.Duration `json:"duration"`  // of what was recorded
	Lost          time.Duration `json:"lost"`      // that the storage did not take
	Bytes         int64         `json:"bytes"`     // of media
	State         State         `json:"state"`
	Segments      int           `json:"segments"`
	Discontinuity int           `json:"discontinuities"` // breaks within it
	Pinned        bool          `json:"pinned"`          // exempt from the policy
	Thumbnail     bool          `json:"thumbnail"`       // there is one
}

// Clip tells whether r was cut from another recording.
func (r Recording) Clip() bool { return r.Of != "" }

// Playlist is the path of the multivariant playlist below where the Library
// is mounted.
func (r Recording) Playlist() string { return r.ID + "/" + playlistFile }

const (
	metadataPrefix = "recordings/"
	mediaPrefix    = "recorded/"
	metadataSuffix = ".json"
	markSuffix     = ".media"
	rendition      = "0/"
	playlistFile   = "stream.m3u8"
	thumbnailFile  = "thumbnail.jpg"

	maxTitle = 300 // characters
	maxID    = 64
)

func metadataKey(id string) string { return metadataPrefix + id + metadataSuffix }
func markKey(id string) string     { return metadataPrefix + id + markSuffix }

// root is the prefix of everything of a recording but its metadata.
func root(id string) string { return mediaPrefix + id + "/" }

// validID tells whether an id can be one, and part of a key.
func validID(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// plain makes a title of any text.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxTitle {
		text = string(runes[:maxTitle])
	}
	return strings.TrimSpace(text)
}

// cleanTitle returns a title as it is kept.
func cleanTitle(title string) (string, error) {
	title = strings.TrimSpace(title)
	if !utf8.ValidString(title) || utf8.RuneCountInString(title) > maxTitle || strings.ContainsFunc(title, unicode.IsControl) {
		return "", ErrTitle
	}
	return title, nil
}
