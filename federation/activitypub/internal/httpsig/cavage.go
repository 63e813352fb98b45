package httpsig

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxCovered is how many headers or components a signature may cover.
const maxCovered = 32

// parseCavage reads the header Signature, or Authorization with the scheme
// Signature, of the draft.
func parseCavage(m *Message) (*Signature, error) {
	header := m.Header.Get("Signature")
	if header == "" {
		scheme, rest, _ := strings.Cut(m.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Signature") {
			return nil, ErrNone
		}
		header = rest
	}
	params, err := cavageParams(header)
	if err != nil {
		return nil, err
	}
	s := &Signature{
		Kind: Cavage, KeyID: params["keyId"], msg: m, covered: map[string]bool{},
		algorithm: strings.ToLower(params["algorithm"]),
	}
	if s.value, err = decodeBase64(params["signature"]); err != nil || len(s.value) == 0 || s.KeyID == "" {
		return nil, fmt.Errorf("%w: no key or value", ErrMalformed)
	}
	if s.created, err = unixTime(params["created"]); err != nil {
		return nil, err
	}
	if s.expires, err = unixTime(params["expires"]); err != nil {
		return nil, err
	}
	names := strings.Fields(strings.ToLower(params["headers"]))
	if len(names) == 0 {
		names = []string{"date"} // (created) of the draft's newest version covers no more
	}
	if len(names) > maxCovered {
		return nil, fmt.Errorf("%w: %d headers", ErrMalformed, len(names))
	}
	for _, name := range names {
		s.covered[name] = true
	}
	if !s.covered["(created)"] {
		s.created = time.Time{} // it is not signed
	}
	s.base = func(target *url.URL) (string, error) { return cavageBase(m, target, names, params) }
	return s, nil
}

// cavageParams reads name="value", separated by commas; numbers may stand
// without quotes.
func cavageParams(header string) (map[string]string, error) {
	params := map[string]string{}
	for rest := header; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return params, nil
		}
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: a parameter without a value", ErrMalformed)
		}
		var value string
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			if value, rest, ok = strings.Cut(quoted, `"`); !ok {
				return nil, fmt.Errorf("%w: a quote without an end", ErrMalformed)
			}
		} else {
			value, rest, _ = strings.Cut(after, ",")
			value = strings.TrimSpace(value)
		}
		if _, twice := params[name]; twice {
			return nil, fmt.Errorf("%w: a parameter is there twice", ErrMalformed)
		}
		params[name] = value
	}
}

func unixTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	whole, _, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || n > maxUnix {
		return time.Time{}, fmt.Errorf("%w: a time that is none", ErrMalformed)
	}
	return time.Unix(n, 0), nil
}

// maxUnix is in the year 9999.
const maxUnix = 253402300799

// cavageBase is the signing string of the draft, section 2.3.
func cavageBase(m *Message, target *url.URL, names []string, params map[string]string) (string, error) {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name + ": ")
		switch name {
		case "(request-target)":
			b.WriteString(strings.ToLower(m.Method) + " " + target.RequestURI())
		case "(created)", "(expires)":
			v := params[strings.Trim(name, "()")]
			if v == "" {
				return "", fmt.Errorf("%w: %s", ErrCoverage, name)
			}
			b.WriteString(v)
		case "host":
			b.WriteString(target.Host)
		default:
			v, err := field(m, name)
			if err != nil {
				return "", err
			}
			b.WriteString(v)
		}
	}
	return b.String(), nil
}

// signCavage signs as rsa-sha256, which is what everybody reads.
func signCavage(r *http.Request, body []byte, key Key, now time.Time) error {
	names := []string{"(request-target)", "host", "date"}
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	m := &Message{Method: r.Method, URL: r.URL, Header: r.Header, Body: body}
	if m.hasBody() {
		r.Header.Set("Digest", digest(body))
		names = append(names, "digest")
		if r.Header.Get("Content-Type") != "" {
			names = append(names, "content-type")
		}
	}
	base, err := cavageBase(m, r.URL, names, nil)
	if err != nil {
		return err
	}
	value, err := key.sign([]byte(base))
	if err != nil {
		return err
	}
	r.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="rsa-sha256",headers="%s",signature="%s"`,
		key.ID, strings.Join(names, " "), base64.StdEncoding.EncodeToString(value)))
	return nil
}

// decodeBase64 reads base64 with or without padding.
func decodeBase64(s string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}
