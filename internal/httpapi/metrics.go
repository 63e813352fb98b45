package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/video"
)

// The most that a report may have.
const (
	maxReportBody = 64 << 10
	maxKbps       = 10_000_000
	maxSeconds    = 3600
	maxEvents     = 1000
)

// playbackBody is what /api/metrics/playback takes.
type playbackBody struct {
	Bandwidth             float64  `json:"bandwidth"`        // kbit/s
	Latency               float64  `json:"latency"`          // seconds
	DownloadDuration      float64  `json:"downloadDuration"` // seconds
	Errors                *float64 `json:"errors"`
	QualityVariantChanges *float64 `json:"qualityVariantChanges"`
}

func (b *playbackBody) validate() error {
	switch {
	case b.Errors == nil:
		return httpx.BadRequest("errors field is required")
	case b.QualityVariantChanges == nil:
		return httpx.BadRequest("qualityVariantChanges field is required")
	}
	for _, f := range []struct {
		name        string
		value, most float64
	}{
		{"bandwidth", b.Bandwidth, maxKbps},
		{"latency", b.Latency, maxSeconds},
		{"downloadDuration", b.DownloadDuration, maxSeconds},
		{"errors", *b.Errors, maxEvents},
		{"qualityVariantChanges", *b.QualityVariantChanges, maxEvents},
	} {
		if math.IsNaN(f.value) || f.value < 0 || f.value > f.most {
			return httpx.BadRequest(fmt.Sprintf("field %q must be from 0 to %.0f", f.name, f.most))
		}
	}
	return nil
}

func (a *api) metricsPlayback(w http.ResponseWriter, r *http.Request) error {
	var body playbackBody
	if err := httpx.DecodeJSON(w, r, maxReportBody, &body); err != nil {
		return err
	}
	if err := body.validate(); err != nil {
		return err
	}
	a.Audience.Report(r, stats.Report{
		Event:      "t", // that nothing went wrong is a report too
		Throughput: body.Bandwidth, Latency: body.Latency, Download: body.DownloadDuration,
		Errors: *body.Errors, Changes: *body.QualityVariantChanges,
	})
	w.WriteHeader(http.StatusOK)
	return nil
}

// metricsCMCD takes reports of players on any site. They carry no credentials
// and change nothing but statistics, so every site may send them.
func (a *api) metricsCMCD(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	reports, err := cmcdReports(w, r)
	if err != nil {
		return err
	}
	a.Audience.Report(r, reports...)
	httpx.NoCache(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// cmcdReports are those of the body, and that of the query or the headers.
func cmcdReports(w http.ResponseWriter, r *http.Request) (stats.Reports, error) {
	var reports stats.Reports
	if r.Method == http.MethodPost {
		body, err := httpx.ReadBody(w, r, maxReportBody)
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(body)) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			if err := httpx.DecodeJSON(w, r, maxReportBody, &reports); err != nil {
				return nil, err
			}
		}
	}
	if report, ok := stats.RequestReport(r); ok {
		reports = append(reports, report)
	}
	for i := range reports {
		if reports[i].Usable() {
			return reports, nil
		}
	}
	return nil, httpx.BadRequest("no CMCD report found in request")
}

const cmcdHeaders = "CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session"

// preflight answers what browsers ask before a player on another site may
// send headers.
func preflight(methods, headers string) func(*api, http.ResponseWriter, *http.Request) error {
	return func(_ *api, w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", headers)
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// videoMetricsBody is the answer of /api/admin/metrics/video.
type videoMetricsBody struct {
	Errors                []pointBody `json:"errors"`
	QualityVariantChanges []pointBody `json:"qualityVariantChanges"`

	HighestLatency []pointBody `json:"highestLatency"`
	MedianLatency  []pointBody `json:"medianLatency"`
	LowestLatency  []pointBody `json:"lowestLatency"`

	MedianSegmentDownloadDuration  []pointBody `json:"medianSegmentDownloadDuration"`
	MaximumSegmentDownloadDuration []pointBody `json:"maximumSegmentDownloadDuration"`
	MinimumSegmentDownloadDuration []pointBody `json:"minimumSegmentDownloadDuration"`

	MinPlayerBitrate    []pointBody `json:"minPlayerBitrate"`
	MedianPlayerBitrate []pointBody `json:"medianPlayerBitrate"`
	MaxPlayerBitrate    []pointBody `json:"maxPlayerBitrate"`

	AvailableBitrates []int `json:"availableBitrates"` // kbit/s
	SegmentLength     int   `json:"segmentLength"`     // seconds
	Representation    int   `json:"representation"`    // percent
}

func (a *api) adminVideoMetrics(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Settings.Video.Peek(r.Context())
	if err != nil {
		return err
	}
	s, stream := a.Audience.Series(), a.Audience.Stream()
	body := videoMetricsBody{
		Errors: points(s.Errors), QualityVariantChanges: points(s.Changes),
		HighestLatency: points(s.LatencyMax), MedianLatency: points(s.LatencyMedian), LowestLatency: points(s.LatencyMin),
		MedianSegmentDownloadDuration:  points(s.DownloadMedian),
		MaximumSegmentDownloadDuration: points(s.DownloadMax),
		MinimumSegmentDownloadDuration: points(s.DownloadMin),
		MinPlayerBitrate:               points(s.BandwidthMin),
		MedianPlayerBitrate:            points(s.BandwidthMedian),
		MaxPlayerBitrate:               points(s.BandwidthMax),
		AvailableBitrates:              []int{},
		SegmentLength:                  int(video.LatencyLevel(v.LatencyLevel).Segment / time.Second),
		Representation:                 a.Audience.Representation(),
	}
	for _, o := range stream.Outputs {
		if o.Bitrate > 0 {
			body.AvailableBitrates = append(body.AvailableBitrates, o.Bitrate/1000)
		}
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// healthBody is how well it plays.
type healthBody struct {
	Healthy          bool   `json:"healthy"`
	HealthPercentage int    `json:"healthPercentage"`
	Message          string `json:"message"`
	Representation   int    `json:"representation"`
}

func playbackHealth(h *stats.Health) *healthBody {
	if h == nil {
		return nil
	}
	return &healthBody{h.Healthy, h.Percentage, h.Message, h.Representation}
}
