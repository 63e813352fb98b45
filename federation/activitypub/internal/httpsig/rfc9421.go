package httpsig

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// maxLabels is how many signatures of one request are looked at.
const maxLabels = 4

// parse9421 reads the headers Signature-Input and Signature, of which the
// first signature with a key is taken (RFC 9421, section 4).
func parse9421(m *Message) (*Signature, error) {
	inputs, err := httpsfv.UnmarshalDictionary(m.Header.Values("Signature-Input"))
	if err != nil {
		return nil, fmt.Errorf("%w: Signature-Input", ErrMalformed)
	}
	values, err := httpsfv.UnmarshalDictionary(m.Header.Values("Signature"))
	if err != nil {
		return nil, fmt.Errorf("%w: Signature", ErrMalformed)
	}
	var firstErr error
	for i, label := range inputs.Names() {
		if i == maxLabels {
			break
		}
		s, err := labeled(m, label, inputs, values)
		if err == nil {
			return s, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if firstErr == nil {
		firstErr = ErrNone
	}
	return nil, firstErr
}

func labeled(m *Message, label string, inputs, values *httpsfv.Dictionary) (*Signature, error) {
	member, _ := inputs.Get(label)
	list, ok := member.(httpsfv.InnerList)
	if !ok || len(list.Items) > maxCovered {
		return nil, fmt.Errorf("%w: Signature-Input", ErrMalformed)
	}
	s := &Signature{Kind: RFC9421, msg: m, covered: map[string]bool{}}
	member, _ = values.Get(label)
	item, ok := member.(httpsfv.Item)
	if !ok {
		return nil, fmt.Errorf("%w: no value", ErrMalformed)
	}
	if s.value, ok = item.Value.([]byte); !ok || len(s.value) == 0 {
		return nil, fmt.Errorf("%w: no value", ErrMalformed)
	}
	for _, item := range list.Items {
		name, ok := item.Value.(string)
		if !ok || strings.ToLower(name) != name {
			return nil, fmt.Errorf("%w: a component without a name", ErrMalformed)
		}
		if len(item.Params.Names()) > 0 {
			return nil, fmt.Errorf("%w: component %q has parameters", ErrMalformed, name)
		}
		if s.covered[name] {
			return nil, fmt.Errorf("%w: component %q is there twice", ErrMalformed, name)
		}
		s.covered[name] = true
	}
	if err := s.readParams(list.Params); err != nil {
		return nil, err
	}
	s.base = func(target *url.URL) (string, error) { return base9421(m, target, list) }
	return s, nil
}

// readParams reads the parameters of a signature (RFC 9421, section 2.3).
func (s *Signature) readParams(params *httpsfv.Params) error {
	get := func(name string) any {
		v, _ := params.Get(name)
		return v
	}
	var ok bool
	if s.KeyID, ok = get("keyid").(string); !ok || s.KeyID == "" {
		return fmt.Errorf("%w: no key", ErrMalformed)
	}
	s.algorithm, _ = get("alg").(string)
	for name, t := range map[string]*time.Time{"created": &s.created, "expires": &s.expires} {
		switch v := get(name).(type) {
		case nil:
		case int64:
			if v < 0 || v > maxUnix {
				return fmt.Errorf("%w: a time that is none", ErrMalformed)
			}
			*t = time.Unix(v, 0)
		default:
			return fmt.Errorf("%w: a time that is none", ErrMalformed)
		}
	}
	return nil
}

// base9421 is the signature base (RFC 9421, section 2.5).
func base9421(m *Message, target *url.URL, list httpsfv.InnerList) (string, error) {
	var b strings.Builder
	for _, item := range list.Items {
		name, _ := item.Value.(string)
		value, err := component(m, target, name)
		if err != nil {
			return "", err
		}
		b.WriteString(`"` + name + `": ` + value + "\n")
	}
	params, err := httpsfv.Marshal(httpsfv.List{list})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	b.WriteString(`"@signature-params": ` + params)
	return b.String(), nil
}

// component is the value of a component (RFC 9421, sections 2.1 and 2.2).
func component(m *Message, target *url.URL, name string) (string, error) {
	switch name {
	case "@method":
		return m.Method, nil
	case "@target-uri":
		return target.String(), nil
	case "@authority", "host":
		return authority(target), nil
	case "@scheme":
		return target.Scheme, nil
	case "@request-target":
		return target.RequestURI(), nil
	case "@path":
		return pathOf(target), nil
	case "@query":
		return "?" + target.RawQuery, nil
	}
	if strings.HasPrefix(name, "@") {
		return "", fmt.Errorf("%w: component %q", ErrMalformed, name)
	}
	return field(m, name)
}

// authority is a host in lower case, without the port that goes without
// saying (RFC 9421, section 2.2.3).
func authority(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

func pathOf(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// sign9421 signs what servers of the fediverse ask for.
func sign9421(r *http.Request, body []byte, key Key, now time.Time) error {
	m := &Message{Method: r.Method, URL: r.URL, Header: r.Header, Body: body}
	names := []string{"@method", "@target-uri"}
	if m.hasBody() {
		r.Header.Set("Content-Digest", contentDigest(body))
		names = append(names, "content-digest")
	}
	list := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range names {
		list.Items = append(list.Items, httpsfv.NewItem(name))
	}
	list.Params.Add("created", now.Unix())
	list.Params.Add("keyid", key.ID)
	list.Params.Add("alg", algRSA)
	base, err := base9421(m, r.URL, list)
	if err != nil {
		return err
	}
	value, err := key.sign([]byte(base))
	if err != nil {
		return err
	}
	for name, member := range map[string]httpsfv.Member{"Signature-Input": list, "Signature": httpsfv.NewItem(value)} {
		d := httpsfv.NewDictionary()
		d.Add("sig1", member)
		text, err := httpsfv.Marshal(d)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		r.Header.Set(name, text)
	}
	// Not signed, but asked for by some.
	r.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	return nil
}
