package owncast

import (
	"net/http"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/internal/metrics"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/restream"
)

// The kinds of [Metric].
const (
	Gauge   = metrics.Gauge
	Counter = metrics.Counter
)

// WithPrometheus serves the figures of the App to Prometheus, for
// administrators, at /api/admin/prometheus. It is given a function that makes
// the handler of a source of metrics, as video/prometheus has it; Start calls
// it with App.Metrics. The default answers with 404.
func WithPrometheus(newHandler func(source func() []Metric) (http.Handler, error)) Option {
	return func(c *config) error {
		c.prometheus = newHandler
		return notNil("WithPrometheus", newHandler == nil)
	}
}

func (a *App) newPrometheus() (http.Handler, error) {
	if a.cfg.prometheus == nil {
		return nil, nil
	}
	return a.cfg.prometheus(a.Metrics)
}

// Metrics are the figures of the App as they are now, for a monitoring system:
// none unless it runs. Those whose names begin with "owncast_instance_" are
// what dashboards for such servers expect. All have the labels version and
// host, the latter being that of the base URL.
func (a *App) Metrics() []Metric {
	p, err := a.live()
	if err != nil {
		return nil
	}
	var list metricList
	list.stream(a.state.Status())
	list.renditions(a.state.Status().Renditions)
	list.audience(p)
	list.chat(p)
	list.storage(p.packager.Stats())
	list.restreams(p.restream.Status())
	list.health(p.health.Report())
	list.hardware(p.hardware)
	list.outbound(p.outbound)
	list.cluster(p.node)
	common := []metrics.Label{{Name: "version", Value: Version}, {Name: "host", Value: a.cfg.base.Host}}
	for i := range list {
		list[i].Labels = append(list[i].Labels, common...)
	}
	return list
}

type metricList []Metric

func (l *metricList) gauge(name, help string, value float64, labels ...metrics.Label) {
	*l = append(*l, Metric{Name: name, Help: help, Kind: Gauge, Value: value, Labels: labels})
}

func (l *metricList) counter(name, help string, value int64, labels ...metrics.Label) {
	*l = append(*l, Metric{Name: name, Help: help, Kind: Counter, Value: float64(value), Labels: labels})
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (l *metricList) stream(s video.Status) {
	l.gauge("owncast_stream_online", "Whether there is something to watch.", number(s.Online()))
	l.gauge("owncast_ingest_connected", "Whether there is a publisher.", number(s.Ingest != nil))
	in := s.Ingest
	if in == nil {
		return
	}
	for _, k := range []struct {
		kind string
		bits int
	}{{"video", in.VideoBitrate}, {"audio", in.AudioBitrate}} {
		l.gauge("owncast_ingest_bytes_per_second", "What the broadcast has of one kind of track, measured.", float64(k.bits)/8,
			metrics.Label{Name: "kind", Value: k.kind})
	}
	l.gauge("owncast_ingest_frames_per_second", "Frame rate of the broadcast, measured.", in.FrameRate)
	l.gauge("owncast_ingest_keyframe_interval_seconds", "The longest interval of the last keyframes; 0 if unknown.", in.KeyframeInterval.Seconds())
	l.gauge("owncast_ingest_drift_seconds", "By how much the sound is ahead of the picture.", in.Drift.Seconds())
	l.gauge("owncast_ingest_warnings", "What the publisher should mend.", float64(len(in.Warnings)))
}

func (l *metricList) renditions(list []video.RenditionStatus) {
	for i, r := range list {
		labels := []metrics.Label{{Name: "rendition", Value: strconv.Itoa(i + 1)}, {Name: "name", Value: r.Name}}
		l.gauge("owncast_rendition_running", "Whether the rendition of the ladder can be watched.", number(r.Running), labels...)
		l.gauge("owncast_rendition_speed_ratio", "Seconds of media that a second makes; 1 keeps up.", r.Speed, labels...)
		l.gauge("owncast_rendition_lag_seconds", "By how much the rendition is behind the broadcast.", r.Lag.Seconds(), labels...)
		l.counter("owncast_rendition_restarts_total", "Times that the rendition was started again, in this session.", int64(r.Restarts), labels...)
	}
}

// playbackErrorMemory is for how long the last errors of players are shown.
const playbackErrorMemory = 4 * time.Minute

func (l *metricList) audience(p *parts) {
	count := p.audience.Count()
	l.gauge("owncast_instance_active_viewer_count", "Viewers.", float64(count.Now))
	l.gauge("owncast_viewers_session_peak", "The most viewers of this session, or the last one.", float64(count.SessionPeak))
	l.gauge("owncast_viewers_peak", "The most viewers of all sessions.", float64(count.Peak))
	l.counter("owncast_viewers_refused_total", "Requests of clients that there was no place for.", p.audience.Refused())
	failures := 0.0
	if s := p.audience.Series().Errors; len(s) > 0 && time.Since(s[len(s)-1].Time) < playbackErrorMemory {
		failures = s[len(s)-1].Value
	}
	l.gauge("owncast_instance_playback_error_count", "Errors that players have reported in two minutes.", failures)
}

// chat has names that dashboards for such servers expect, and ours.
func (l *metricList) chat(p *parts) {
	s := p.chat.Stats()
	l.gauge("owncast_instance_active_chat_client_count", "Connections of the chat.", float64(s.Clients))
	l.gauge("owncast_chat_users", "Users who are connected to the chat.", float64(s.Users))
	l.gauge("owncast_instance_total_chat_users", "Users who have registered, a minute ago.", float64(s.Registered))
	l.gauge("owncast_instance_current_chat_message_count", "Messages in the history, a minute ago.", float64(s.Kept))
	l.gauge("total_chat_message_count", "Messages of users since the start.", float64(s.Sent))
	l.counter("owncast_chat_messages_dropped_total", "Messages that filters have refused.", s.Dropped)
	l.counter("owncast_chat_messages_held_total", "Messages that had to wait for a moderator.", s.Held)
	l.counter("owncast_chat_messages_lost_total", "Messages that the history does not have, for the store did not take them.", s.Lost)
	l.counter("owncast_chat_clients_refused_total", "Connections that there was no place for.", s.Refused)
	l.counter("owncast_chat_clients_slow_total", "Connections that were cut off for not reading.", s.Slow)
	l.counter("owncast_chat_clients_flooding_total", "Connections that were closed for sending too much.", s.Floods)
	l.counter("owncast_chat_events_unheard_total", "Events that hooks did not hear of, for they were too slow.", s.Unheard)
	for i, f := range p.chat.Filters() {
		id := metrics.Label{Name: "filter", Value: strconv.Itoa(i + 1)}
		l.counter("owncast_chat_filter_calls_total", "Messages that a filter was asked about.", f.Calls, id)
		l.counter("owncast_chat_filter_failures_total", "Messages that it had no say about, for it failed.", f.Failures, id)
	}
}

func (l *metricList) storage(s hls.Stats) {
	l.counter("owncast_storage_segments_stored_total", "Segments that the storage took.", s.SegmentsStored)
	l.counter("owncast_storage_errors_total", "Writes to the storage that failed.", s.StorageErrors)
	l.counter("owncast_storage_retries_total", "Writes to the storage that were another try.", s.StorageRetries)
	l.counter("owncast_storage_segments_dropped_total", "Segments that the storage did not take in time.", s.StorageDropped)
	l.gauge("owncast_storage_segments_queued", "Segments that wait or are being written.", float64(s.StorageQueued))
}

func (l *metricList) restreams(outputs []restream.Status) {
	for _, o := range outputs {
		id := metrics.Label{Name: "output", Value: o.ID}
		l.gauge("owncast_restream_live", "Whether the broadcast is being sent to the output.", number(o.State == restream.Live), id)
		l.counter("owncast_restream_sent_bytes_total", "Media that was sent, since the output was set.", o.Bytes, id)
		l.counter("owncast_restream_sent_packets_total", "Packets that were sent, since the output was set.", o.Packets, id)
		l.counter("owncast_restream_dropped_packets_total", "Packets that were not sent, since the output was set.", o.Dropped, id)
		l.counter("owncast_restream_connects_total", "Times that the output took the broadcast, since it was set.", o.Connects, id)
		l.counter("owncast_restream_failures_total", "Times that the output could not be reached, refused or went away, since it was set.", o.Failures, id)
	}
}

func (l *metricList) health(h Health) {
	levels := map[string]float64{string(HealthInfo): 0, string(HealthDegraded): 0, string(HealthFailing): 0}
	for _, p := range h.Problems {
		levels[string(p.Level)]++
	}
	for level, n := range levels {
		l.gauge("owncast_health_problems", "What is wrong.", n, metrics.Label{Name: "level", Value: level})
	}
}
