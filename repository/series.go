package repository

import (
	"context"
	"math"
	"time"
)

// SampleInterval is how often a series has a value: the last one of each
// interval. An interval begins when the seconds since 1970 are divisible by it.
const SampleInterval = 10 * time.Second

// Sample is a value at a time. Stores return the beginning of the interval as
// its time.
type Sample struct {
	At    time.Time
	Value float64
}

// SeriesSample is a value for a series, such as the number of viewers.
type SeriesSample struct {
	Series string
	Sample
}

// Check returns an error matching [ErrInvalid] unless s may be stored: its
// time is between the years 1970 and 9999, and its value a number.
func (s SeriesSample) Check() error {
	if s.At.Unix() < 0 || s.At.Year() > 9999 {
		return invalid("sample of the year %d", s.At.Year())
	}
	if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
		return invalid("sample of %v", s.Value)
	}
	return checkKey("name of a series", s.Series)
}

// Series stores how numbers changed in time, each series under a name.
type Series interface {
	// AppendSamples stores samples, all or none. The error matches
	// [ErrInvalid] if a sample's Check does.
	AppendSamples(ctx context.Context, samples ...SeriesSample) error
	// Samples returns the values of the intervals that begin at from or later
	// and before to, the oldest first. A zero time is no bound.
	Samples(ctx context.Context, series string, from, to time.Time) ([]Sample, error)
	// PruneSamples removes the values of all intervals, in all series, that
	// begin before a time.
	PruneSamples(ctx context.Context, before time.Time) error
}
