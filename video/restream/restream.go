// Package restream sends a running broadcast on to other servers by RTMP or
// RTMPS, as it came: nothing is encoded anew.
//
// A [Service] has any number of outputs. Each has its own connection, queue,
// retries and counters, so that what happens to one is nothing to the others
// nor to the broadcast:
//
//	service, err := restream.New(restream.Config{Source: server})
//	…
//	err = service.Set([]restream.Output{{
//		ID: "other", URL: "rtmps://live.example.org/app", StreamKey: key, Enabled: true,
//	}})
//
// H.264 with AAC is what every server takes. HEVC, AV1 and Opus are sent by
// Enhanced RTMP; a server that does not know it refuses them or shows nothing.
package restream

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/video/rtmp"
)

const (
	maxOutputs   = 32
	maxIDLen     = 64
	maxNameRunes = 100
	maxURLLen    = 2048
	maxKeyLen    = 1024
)

// Output is a server that gets the broadcast. Printing one does not show its
// secrets; its JSON form does.
type Output struct {
	ID        string `json:"id"`        // 1 to 64 letters, digits, hyphens and underscores, unique
	Name      string `json:"name"`      // for people; may be empty
	URL       string `json:"url"`       // rtmp or rtmps, with host and app, such as "rtmps://live.example.org/app"
	StreamKey string `json:"streamKey"` // what the server calls the stream; a secret
	Enabled   bool   `json:"enabled"`
}

// String returns the ID and the URL without its query.
func (o Output) String() string { return o.ID + " (" + publicURL(o.URL) + ")" }

// GoString returns the same.
func (o Output) GoString() string { return o.String() }

// LogValue returns the same, as attributes.
func (o Output) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", o.ID), slog.String("url", publicURL(o.URL)))
}

// publicURL is a URL without what may be secret in it.
func publicURL(raw string) string {
	public, _, _ := strings.Cut(raw, "?")
	return public
}

// KeepKeys returns outputs with the stream keys of old for those that have
// none: an output of the same ID and URL keeps its key, so that who changes
// outputs need not know the keys. A key does not go to another URL.
func KeepKeys(outputs, old []Output) []Output {
	outputs = slices.Clone(outputs)
	for i, o := range outputs {
		if o.StreamKey != "" {
			continue
		}
		for _, had := range old {
			if had.ID == o.ID && had.URL == o.URL {
				outputs[i].StreamKey = had.StreamKey
			}
		}
	}
	return outputs
}

// OutputError is something wrong with one of the outputs given to [Validate].
// It does not repeat secrets.
type OutputError struct {
	Index int    // of the output
	Field string // by its name in JSON
	Err   error
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("restream: output %d: %s: %v", e.Index, e.Field, e.Err)
}

// Unwrap returns e.Err.
func (e *OutputError) Unwrap() error { return e.Err }

// Validate returns what is wrong with outputs: an [*OutputError] for each
// thing, joined. More than 32 are refused. Two that are enabled may not
// publish the same stream, for each would take the other's place for ever.
func Validate(outputs []Output) error {
	if len(outputs) > maxOutputs {
		return fmt.Errorf("restream: %d outputs, the most are %d", len(outputs), maxOutputs)
	}
	var errs []error
	ids := map[string]bool{}
	type stream struct{ url, key string }
	streams := map[stream]bool{}
	for i, o := range outputs {
		wrong := func(field string, err error) {
			if err != nil {
				errs = append(errs, &OutputError{Index: i, Field: field, Err: err})
			}
		}
		wrong("id", o.checkID())
		wrong("name", o.checkName())
		wrong("streamKey", o.checkKey())
		wrong("url", o.checkURL())
		if ids[o.ID] {
			wrong("id", errors.New("another output has it"))
		}
		ids[o.ID] = true
		s := stream{strings.TrimSuffix(o.URL, "/"), o.StreamKey}
		if o.Enabled && streams[s] {
			wrong("url", errors.New("another output publishes the same stream"))
		}
		streams[s] = streams[s] || o.Enabled
	}
	return errors.Join(errs...)
}

func (o Output) checkID() error {
	if o.ID == "" || len(o.ID) > maxIDLen {
		return fmt.Errorf("it must have 1 to %d characters", maxIDLen)
	}
	for _, r := range o.ID {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r) {
			return errors.New("it must consist of letters, digits, hyphens and underscores")
		}
	}
	return nil
}

func (o Output) checkName() error {
	if n := utf8.RuneCountInString(o.Name); n > maxNameRunes {
		return fmt.Errorf("%d characters, the most are %d", n, maxNameRunes)
	}
	return nil
}

func (o Output) checkKey() error {
	switch {
	case o.StreamKey == "":
		return errors.New("it is empty")
	case len(o.StreamKey) > maxKeyLen:
		return fmt.Errorf("%d bytes, the most are %d", len(o.StreamKey), maxKeyLen)
	case strings.ContainsFunc(o.StreamKey, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("it has a space or a control character")
	}
	return nil
}

func (o Output) checkURL() error {
	if len(o.URL) > maxURLLen {
		return fmt.Errorf("%d bytes, the most are %d", len(o.URL), maxURLLen)
	}
	return rtmp.CheckURL(o.URL, "-") // what is wrong with the key is said elsewhere
}
