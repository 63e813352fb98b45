package stats

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCMCDIsReadAsPlayersWriteIt(t *testing.T) {
	tests := []struct {
		in   string
		want Report
	}{
		{`sid="6e2fb550-c457-11e9-bb97-0800200c9a66"`, Report{SessionID: "6e2fb550-c457-11e9-bb97-0800200c9a66"}},
		{`br=3200,bs,d=4004,mtp=25400,ot=v,sid="a",su`, Report{SessionID: "a", Bitrate: 3200, Starved: true, Throughput: 25400, Object: "v"}},
		{`bs=?0,mtp=100`, Report{Throughput: 100}},
		{` mtp = 100 , bs `, Report{Throughput: 100, Starved: true}},
		{`sid="a,b=c\"d\\e",mtp=1`, Report{SessionID: `a,b=c"d\e`, Throughput: 1}},
		{
			`e=e,ec="MEDIA_ERR_DECODE",sta=p,ltc=2400,ttlb=350,ts=1700000000000,sn=7`,
			Report{Event: "e", ErrorCode: "MEDIA_ERR_DECODE", State: "p", Latency: 2.4, Download: 0.35, Time: 1700000000000, Sequence: 7},
		},
		{`br=(5000;v 128;a),mtp=(900 800),ec=("x" "y"),sta=r`, Report{Bitrate: 5000, Throughput: 900, ErrorCode: "x", State: "w"}},
		{`mtp=1e3`, Report{Throughput: 1000}},
		{`mtp=-5,ltc=1e99,br=NaN,ttlb=inf,sid=""`, Report{}},
		{`sid="` + strings.Repeat("x", 65) + `"`, Report{}},
		{`sid="never ends`, Report{}},
		{`sid="escapes at the end\`, Report{}},
		{`e=` + strings.Repeat("x", 40), Report{}},
		{`com.example-key="x",unknown,mtp=`, Report{}},
		{strings.Repeat(",", 100) + `mtp=5`, Report{Throughput: 5}},
		{`mtp=5,` + strings.Repeat("x", maxCMCD), Report{}},
		{``, Report{}},
	}
	for _, tt := range tests {
		got, ok := ParseCMCD(tt.in)
		if got != tt.want || ok != (tt.want.SessionID != "" || tt.want.Usable()) {
			t.Errorf("ParseCMCD(%.80q) = %+v, %v, want %+v", tt.in, got, ok, tt.want)
		}
	}
}

func TestReportsAreReadFromJSON(t *testing.T) {
	var r Reports
	err := json.Unmarshal([]byte(` [{"v":2,"sid":"a","e":"e","ec":["x"],"mtp":[900,800],"ltc":2400,"ttlb":350,"br":[3000],"bs":true,"sta":"r","ts":1,"sn":2,"ot":"v"},{}]`), &r)
	want := Report{
		SessionID: "a", Event: "e", ErrorCode: "x", Throughput: 900, Latency: 2.4, Download: 0.35, Bitrate: 3000,
		Starved: true, State: "w", Time: 1, Sequence: 2, Object: "v",
	}
	if err != nil || len(r) != 2 || r[0] != want || r[1] != (Report{}) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := json.Unmarshal([]byte(`{"sid":"b","mtp":null,"ec":[]}`), &r); err != nil || len(r) != 1 || r[0] != (Report{SessionID: "b"}) {
		t.Errorf("%+v, %v", r, err)
	}
	for in, field := range map[string]string{
		`{"mtp":"fast"}`: "mtp", `{"sid":7}`: "sid", `{"bs":"yes"}`: "bs", `{"mtp":["fast"]}`: "mtp", `[{"ltc":{}}]`: "ltc",
	} {
		wrong := new(json.UnmarshalTypeError)
		if err := json.Unmarshal([]byte(in), &r); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v, want an error about %q", in, err, field)
		}
	}
	for _, in := range []string{`7`, `"x"`, `[7]`, `[[]]`, `true`, `[` + strings.Repeat("{},", maxReports) + `{}]`} {
		if err := json.Unmarshal([]byte(in), &r); err == nil {
			t.Errorf("%.40s was taken for %+v", in, r)
		}
	}
}

// sane fails for what no report may have, whatever it was read from.
func sane(t *testing.T, r Report) {
	t.Helper()
	for _, v := range []float64{r.Throughput, r.Bitrate, r.Latency, r.Download, r.Errors, r.Changes} {
		if math.IsNaN(v) || v < 0 || v > maxKbps {
			t.Errorf("%v in %+v", v, r)
		}
	}
	if len(r.SessionID) > maxSessionID || len(r.Event) > 32 || len(r.ErrorCode) > 32 || len(r.Object) > 32 || len(r.State) > 1 {
		t.Errorf("too long: %+v", r)
	}
	if n := r.failures(); n < 0 || n > maxEvents {
		t.Errorf("%v failures of %+v", n, r)
	}
}

func FuzzParseCMCD(f *testing.F) {
	f.Add(`br=3200,bs,d=4004,mtp=25400,ot=v,sid="6e2fb550-c457",su,nor="..%2F300kbps%2Fsegment35.m4v"`)
	f.Add(`sid="a,b=c\"d\\e",br=(5000;v 128;a)`)
	f.Add(`e=e,ec=("x" "y"),ts=1700000000000,sn=7,ltc=1e309`)
	f.Add(`sid="\`)
	f.Add(`((((,,,)),"`)
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := ParseCMCD(s)
		sane(t, r)
		if ok != (r.SessionID != "" || r.Usable()) {
			t.Errorf("%v for %+v", ok, r)
		}
		if again, _ := ParseCMCD(s); again != r {
			t.Errorf("first %+v, then %+v", r, again)
		}
	})
}

func FuzzQueryValue(f *testing.F) {
	f.Add("CMCD=sid%3D%22a%22&sid=b", "CMCD")
	f.Add("a&b=&sid=%", "sid")
	f.Fuzz(func(t *testing.T, raw, name string) {
		value, ok := queryValue(raw, name)
		if !ok && value != "" || len(value) > len(raw) {
			t.Errorf("%q, %v", value, ok)
		}
	})
}

func FuzzReports(f *testing.F) {
	f.Add([]byte(`[{"v":2,"sid":"a","e":"e","ec":["x"],"mtp":[900,800],"ltc":2400},{}]`))
	f.Add([]byte(`{"sid":"a","mtp":1e400,"bs":1}`))
	f.Add([]byte(`{"sid":null,"mtp":[[]]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Reports
		if json.Unmarshal(b, &r) != nil {
			return
		}
		if len(r) > maxReports {
			t.Errorf("%d reports", len(r))
		}
		for _, one := range r {
			sane(t, one)
		}
	})
}
