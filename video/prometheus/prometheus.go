// Package prometheus shows the figures of an App to Prometheus. A program that
// does not import it does not link the client library.
//
// The endpoint /api/admin/prometheus of an App is one option:
//
//	owncast.WithPrometheus(prometheus.NewHandler)
//
// A program that has a registry of its own registers a [Collector] there
// instead, with a label for each App if there are several:
//
//	channel := client.WrapRegistererWith(client.Labels{"app": "one"}, registry)
//	err := channel.Register(prometheus.NewCollector(app.Metrics))
//
// Nothing is registered in a registry that a whole process shares.
package prometheus

import (
	"net/http"
	"strings"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/owncast-go/owncast/internal/metrics"
)

// Metric is a figure, as the method Metrics of an App returns them. Hosts know
// it as owncast.Metric.
type Metric = metrics.Metric

// Collector shows figures that are asked for whenever Prometheus asks. Which
// ones there are changes with the broadcast, so it describes none in advance.
// Make one with [NewCollector]. It is safe for concurrent use.
type Collector struct{ source func() []Metric }

var _ client.Collector = (*Collector)(nil)

// NewCollector returns a Collector of what source returns, which is usually the
// method Metrics of an App. source must be safe for concurrent use.
func NewCollector(source func() []Metric) *Collector { return &Collector{source} }

// Describe sends nothing.
func (*Collector) Describe(chan<- *client.Desc) {}

// Collect sends the figures. What Prometheus does not take is sent as an error
// of that figure.
func (c *Collector) Collect(ch chan<- client.Metric) {
	for _, m := range c.source() {
		names, values := make([]string, len(m.Labels)), make([]string, len(m.Labels))
		for i, l := range m.Labels {
			names[i], values[i] = l.Name, strings.ToValidUTF8(l.Value, "?")
		}
		kind := client.GaugeValue
		if m.Kind == metrics.Counter {
			kind = client.CounterValue
		}
		desc := client.NewDesc(m.Name, m.Help, names, nil)
		metric, err := client.NewConstMetric(desc, kind, m.Value, values...)
		if err != nil {
			metric = client.NewInvalidMetric(desc, err)
		}
		ch <- metric
	}
}

// NewHandler returns a handler that serves what source returns, and figures of
// the process and of Go's runtime, from a registry of its own. It suits the
// option WithPrometheus of an App.
func NewHandler(source func() []Metric) (http.Handler, error) {
	registry := client.NewRegistry()
	for _, c := range []client.Collector{
		NewCollector(source), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}), nil
}
