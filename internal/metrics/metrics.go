// Package metrics is what the figures of an App are handed to a monitoring
// system as. It knows none.
package metrics

// Kind tells a number that only grows from one that goes up and down.
type Kind uint8

// The kinds of metric.
const (
	Gauge Kind = iota
	Counter
)

// Label tells metrics of one name apart.
type Label struct{ Name, Value string }

// Metric is a figure. Name and label names are as Prometheus wants them, with
// the unit at the end.
type Metric struct {
	Name   string
	Help   string // what it is, on one line; the same for all metrics of a name
	Kind   Kind
	Labels []Label // with different names
	Value  float64
}
