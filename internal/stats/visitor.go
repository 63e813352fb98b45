package stats

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxSessionID is how many bytes a session id may have (CTA-5004).
const maxSessionID = 64

// Headers of CMCD, as net/http spells them.
const (
	cmcdObject  = "Cmcd-Object"
	cmcdRequest = "Cmcd-Request"
	cmcdSession = "Cmcd-Session"
	cmcdStatus  = "Cmcd-Status"
)

// visitor is whom a request came from.
type visitor struct {
	a      *Audience
	r      *http.Request
	id     uint64
	report Report // of the request's CMCD
	told   bool   // there is CMCD
	from   netip.Addr
	looked bool // from is known
}

// visitor reads who sent a request.
func (a *Audience) visitor(r *http.Request) visitor {
	v := visitor{a: a, r: r}
	v.told = readCMCD(r, &v.report)
	sid := v.report.SessionID
	if sid == "" && r.URL.RawQuery != "" {
		sid, _ = queryValue(r.URL.RawQuery, "sid")
	}
	v.identify(sid)
	return v
}

// identify sets the id by a session id, or what there is instead of one.
func (v *visitor) identify(sid string) {
	if sid != "" && len(sid) <= maxSessionID {
		v.id = maphash.String(v.a.seed, sid)
		return
	}
	v.id = v.fallback()
}

// fallback is the id of the address and the User-Agent.
func (v *visitor) fallback() uint64 {
	var b [16 + 8]byte
	addr := v.addr().As16()
	copy(b[:], addr[:])
	binary.BigEndian.PutUint64(b[16:], maphash.String(v.a.seed, v.r.UserAgent()))
	return maphash.Bytes(v.a.addrSeed, b[:]) // not the seed of session ids, which are whatever a client says
}

func (v *visitor) addr() netip.Addr {
	if !v.looked {
		v.from, v.looked = v.a.cfg.ClientIP(v.r), true
	}
	return v.from
}

// readCMCD reads what a request for media has of it (CTA-5004, request mode):
// the query parameter, or else the headers. It tells whether there was any.
func readCMCD(r *http.Request, report *Report) bool {
	if r.URL.RawQuery != "" {
		if s, ok := queryValue(r.URL.RawQuery, "CMCD"); ok && parseCMCD(s, report) {
			return true
		}
	}
	session, request := r.Header[cmcdSession], r.Header[cmcdRequest]
	if session == nil && request == nil {
		return false
	}
	told := false
	for _, values := range [...][]string{session, request, r.Header[cmcdStatus], r.Header[cmcdObject]} {
		if len(values) > 0 && parseCMCD(values[0], report) {
			told = true
		}
	}
	return told
}

// queryValue returns the first value of a parameter. It reads no more of the
// query than that.
func queryValue(raw, name string) (string, bool) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		value, ok := strings.CutPrefix(pair, name)
		if !ok || value == "" || value[0] != '=' {
			continue
		}
		value = value[1:]
		if !strings.ContainsAny(value, "%+") {
			return value, true
		}
		if len(value) > 3*maxCMCD {
			return "", false
		}
		value, err := url.QueryUnescape(value)
		return value, err == nil
	}
	return "", false
}
