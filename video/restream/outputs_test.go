package restream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
)

// A server takes one publisher of a stream: the next connection begins when
// the last one has ended, which takes as long here as the event of it.
func TestAnOutputWaitsForTheOneThatItReplaces(t *testing.T) {
	r := newRig(t, Config{})
	stopped, release := make(chan struct{}), make(chan struct{})
	r.service.cfg.Events.OutputStopped = func(context.Context, OutputStopped) {
		select {
		case stopped <- struct{}{}:
			<-release
		case <-release:
		}
	}
	far := newReceiver(t)
	o := to("far", far.addr)
	r.set(o)
	b := r.publish()
	b.send(60)
	far.reception(0).wait(60)
	r.set()
	<-stopped
	o.ID = "another" // the stream is the same
	r.set(o)
	b.send(100)
	for range 50 {
		if s := r.status("another"); s.State != Idle {
			t.Fatalf("it does not wait: %+v", s)
		}
		time.Sleep(2 * time.Millisecond)
	}
	close(release)
	far.reception(1)
	if s := r.status("another"); s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWrongOutputs(t *testing.T) {
	good := Output{ID: "a", URL: "rtmp://h/live", StreamKey: secret, Enabled: true}
	with := func(change func(*Output)) []Output {
		o := good
		change(&o)
		return []Output{o}
	}
	for name, tt := range map[string]struct {
		outputs []Output
		field   string
	}{
		"no id":          {with(func(o *Output) { o.ID = "" }), "id"},
		"a strange id":   {with(func(o *Output) { o.ID = "a/b" }), "id"},
		"the same id":    {append(with(func(o *Output) { o.StreamKey = "k" }), good), "id"},
		"a long name":    {with(func(o *Output) { o.Name = strings.Repeat("x", 101) }), "name"},
		"no key":         {with(func(o *Output) { o.StreamKey = "" }), "streamKey"},
		"a pasted key":   {with(func(o *Output) { o.StreamKey += "\n" }), "streamKey"},
		"a long key":     {with(func(o *Output) { o.StreamKey = strings.Repeat("x", 1025) }), "streamKey"},
		"HTTP":           {with(func(o *Output) { o.URL = "http://h/live" }), "url"},
		"no host":        {with(func(o *Output) { o.URL = "rtmp:///live" }), "url"},
		"credentials":    {with(func(o *Output) { o.URL = "rtmp://u:" + secret + "@h/live" }), "url"},
		"a line break":   {with(func(o *Output) { o.URL = "rtmp://h/live\n" }), "url"},
		"a long URL":     {with(func(o *Output) { o.URL += strings.Repeat("x", 2048) }), "url"},
		"a shared place": {append(with(func(o *Output) { o.ID, o.URL = "b", o.URL+"/" }), good), "url"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Validate(tt.outputs)
			var wrong *OutputError
			if !errors.As(err, &wrong) || wrong.Field != tt.field {
				t.Errorf("Validate: %v, want something about %q", err, tt.field)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
	off := good
	off.ID, off.Enabled = "b", false
	if err := Validate([]Output{good, off}); err != nil {
		t.Errorf("the same stream, but disabled: %v", err)
	}
	if err := Validate(make([]Output, 33)); err == nil {
		t.Error("33 outputs")
	}
}

func TestKeysAreKeptAtTheirURL(t *testing.T) {
	old := []Output{{ID: "a", URL: "rtmp://a/live", StreamKey: "ka"}, {ID: "b", URL: "rtmp://b/live", StreamKey: "kb"}}
	got := KeepKeys([]Output{
		{ID: "b", Name: "B", URL: "rtmp://b/live"},
		{ID: "a", URL: "rtmp://elsewhere/live"},
		{ID: "c", URL: "rtmp://a/live"},
		{ID: "a", URL: "rtmp://a/live", StreamKey: "new"},
	}, old)
	for i, want := range []string{"kb", "", "", "new"} {
		if got[i].StreamKey != want {
			t.Errorf("output %d has the key %q, want %q", i, got[i].StreamKey, want)
		}
	}
}

func TestPrintingAnOutputKeepsItsSecrets(t *testing.T) {
	o := Output{ID: "a", URL: "rtmps://h/live?token=" + secret, StreamKey: secret}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "output", o, "outputs", []Output{o})
	for _, text := range []string{fmt.Sprint(o), fmt.Sprintf("%+v %#v %s", o, o, []Output{o}), log.String()} {
		if strings.Contains(text, secret) || !strings.Contains(text, "rtmps://h/live") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestNewWantsASource(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a Service without a source")
	}
	if _, err := New(Config{Source: new(video.Server), Timeout: -1}); err == nil {
		t.Error("a negative time")
	}
}
