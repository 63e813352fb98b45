package repository

import (
	"context"
	"math"
	"time"
)

// SampleInterval is the resolution of a series, which keeps the last value of
// each interval. Intervals are aligned to the Unix epoch.
const SampleInterval = 10 * time.Second

// Sample is a value at a time. Stores return the beginning of its interval as
// the time.
type Sample struct {
	At    time.Time
	Value float64
}

// SeriesSample is a value for a series, such as the number of viewers.
type SeriesSample struct {
	Series string
	Sample
}

// Check returns an error matching [ErrInvalid] unless s may be stored: its time
// is in the years 1970 to 9999, and its value is finite.
func (s SeriesSample) Check() error {
	if s.At.Unix() < 0 || s.At.Year() > 9999 {
		return invalid("sample of the year %d", s.At.Year())
	}
	if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
		return invalid("sample of %v", s.Value)
	}
	return checkKey("name of a series", s.Series)
}

// Series stores numbers over time, in series with names.
type Series interface {
	// AppendSamples stores samples, all or none. The error matches
	// [ErrInvalid] if Check fails for a sample.
	AppendSamples(ctx context.Context, samples ...SeriesSample) error
	// Samples returns the values of the intervals that begin at or after from
	// and before to, oldest first. A zero time is no bound.
	Samples(ctx context.Context, series string, from, to time.Time) ([]Sample, error)
	// PruneSamples removes, from all series, the values of the intervals that
	// begin before a time.
	PruneSamples(ctx context.Context, before time.Time) error
}
