package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// maxReports is how many reports one body may have.
const maxReports = 500

// Reports are the body of a request in CMCD's event mode: an object, or a list
// of them (CTA-5004-A).
type Reports []Report

// cmcdReport is one object.
type cmcdReport struct {
	SessionID  cmcdText   `json:"sid"`
	Event      cmcdText   `json:"e"`
	State      cmcdText   `json:"sta"`
	Object     cmcdText   `json:"ot"`
	ErrorCode  cmcdText   `json:"ec"`
	Starved    bool       `json:"bs"`
	Throughput cmcdNumber `json:"mtp"`
	Bitrate    cmcdNumber `json:"br"`
	Latency    cmcdNumber `json:"ltc"`
	Download   cmcdNumber `json:"ttlb"`
	Time       cmcdNumber `json:"ts"`
	Sequence   cmcdNumber `json:"sn"`
}

// UnmarshalJSON reads a body. A value of a wrong type is an
// [*json.UnmarshalTypeError]; one that makes no sense is taken for unsaid.
func (r *Reports) UnmarshalJSON(b []byte) error {
	*r = nil
	var list []cmcdReport
	if trimmed := bytes.TrimSpace(b); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
	} else {
		list = make([]cmcdReport, 1)
		if err := json.Unmarshal(b, &list[0]); err != nil {
			return err
		}
	}
	if len(list) > maxReports {
		return fmt.Errorf("stats: %d reports, the most are %d", len(list), maxReports)
	}
	for i := range list {
		*r = append(*r, list[i].report())
	}
	return nil
}

func (c *cmcdReport) report() Report {
	return Report{
		SessionID: sessionID(string(c.SessionID)), Event: short(string(c.Event)), State: playerState(string(c.State)),
		Object: short(string(c.Object)), ErrorCode: short(string(c.ErrorCode)), Starved: c.Starved,
		Throughput: within(float64(c.Throughput), maxKbps), Bitrate: within(float64(c.Bitrate), maxKbps),
		Latency:  within(float64(c.Latency), maxSeconds*1000) / 1000,
		Download: within(float64(c.Download), maxSeconds*1000) / 1000,
		Time:     float64(c.Time), Sequence: float64(c.Sequence),
	}
}

// cmcdNumber is a number, or the first one of a list, as the second version
// of CMCD has them.
type cmcdNumber float64

func (n *cmcdNumber) UnmarshalJSON(b []byte) error {
	v, err := first[float64](b, "number")
	*n = cmcdNumber(v)
	return err
}

// cmcdText is a string, or the first one of a list.
type cmcdText string

func (t *cmcdText) UnmarshalJSON(b []byte) error {
	v, err := first[string](b, "string")
	*t = cmcdText(v)
	return err
}

// first reads a value, or the first one of a list of them. Null is the zero
// value.
func first[T any](b []byte, want string) (v T, err error) {
	if len(b) == 0 || b[0] != '[' {
		err = json.Unmarshal(b, &v)
		return v, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil || len(list) == 0 {
		return v, err
	}
	if json.Unmarshal(list[0], &v) != nil {
		return v, &json.UnmarshalTypeError{Value: "list of something other than " + want, Type: reflect.TypeFor[T]()}
	}
	return v, nil
}
