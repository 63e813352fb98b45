package httpsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	other "code.superseriousbusiness.org/httpsig"
)

var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func private(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const (
	inbox = "https://stream.example/live/federation/user/streamer/inbox"
	keyID = "https://peer.example/users/a#main-key"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// signed returns a signed request as the receiver sees it.
func signed(t testing.TB, kind Kind, method, url, body string) *Message {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/activity+json")
	}
	if err := Sign(r, []byte(body), Key{ID: keyID, Private: private(t)}, kind, now); err != nil {
		t.Fatal(err)
	}
	return &Message{Method: method, URL: r.URL, Header: r.Header, Body: []byte(body)}
}

// target is the URL of the inbox.
func target() *url.URL {
	return &url.URL{Scheme: "https", Host: "stream.example", Path: "/live/federation/user/streamer/inbox"}
}

var clock = Clock{Past: time.Hour, Future: 5 * time.Minute}

// accept makes all checks there are.
func accept(m *Message, k crypto.PublicKey, at time.Time) error {
	s, err := Parse(m)
	if err != nil {
		return err
	}
	if err := errors.Join(s.CheckTime(at, clock), s.CheckContent()); err != nil {
		return err
	}
	return s.Verify(k)
}

func kinds(t *testing.T, test func(*testing.T, Kind)) {
	for _, k := range []Kind{Cavage, RFC9421} {
		t.Run(k.String(), func(t *testing.T) { test(t, k) })
	}
}

func TestWhatIsSignedVerifies(t *testing.T) {
	kinds(t, func(t *testing.T, k Kind) {
		for _, m := range []*Message{
			signed(t, k, "POST", inbox, `{"type":"Follow"}`),
			signed(t, k, "GET", inbox, ""),
			signed(t, k, "GET", inbox+"?page=2&x=%2F", ""),
			signed(t, k, "GET", "https://stream.example", ""),
			signed(t, k, "GET", "https://stream.example:8443/a%20b/@c", ""),
		} {
			if err := accept(m, private(t).Public(), now); err != nil {
				t.Errorf("%s %s: %v\n%v", m.Method, m.URL, err, m.Header)
			}
			s, err := Parse(m)
			if err != nil || s.Kind != k || s.KeyID != keyID {
				t.Errorf("%+v, %v", s, err)
			}
		}
	})
}

func TestAQueryMayBeLeftOutOfTheSignature(t *testing.T) {
	kinds(t, func(t *testing.T, k Kind) {
		m := signed(t, k, "GET", inbox, "")
		with := *m.URL
		with.RawQuery = "page=1"
		m.URL = &with
		if err := accept(m, private(t).Public(), now); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatWasChangedDoesNotVerify(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	change := func(name string, fn func(string) string) func(*Message) {
		return func(m *Message) { m.Header.Set(name, fn(m.Header.Get(name))) }
	}
	replace := func(old, now string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Errorf("%q is not in %q", old, s)
			}
			return strings.Replace(s, old, now, 1)
		}
	}
	kinds(t, func(t *testing.T, k Kind) {
		digestName, covered := "Digest", ` digest content-type"`
		if k == RFC9421 {
			digestName, covered = "Content-Digest", ` "content-digest"`
		}
		list := "Signature"
		if k == RFC9421 {
			list = "Signature-Input"
		}
		for name, c := range map[string]struct {
			change func(*Message)
			want   error
		}{
			"the body":      {func(m *Message) { m.Body = []byte(`{"type":"Block"}`) }, ErrDigest},
			"the digest":    {change(digestName, func(string) string { return digest([]byte("x")) + ",sha-256=:AAAA:" }), ErrDigest},
			"no digest":     {func(m *Message) { m.Header.Del(digestName) }, ErrDigest},
			"a weak digest": {change(digestName, func(string) string { return "md5=:AAAA:" }), ErrDigest},
			"body and digest": {func(m *Message) {
				m.Body = []byte("x")
				m.Header.Set(digestName, map[bool]string{true: contentDigest(m.Body), false: digest(m.Body)}[k == RFC9421])
			}, ErrSignature},
			"the path":         {func(m *Message) { u := *m.URL; u.Path += "/x"; m.URL = &u }, ErrSignature},
			"the host":         {func(m *Message) { u := *m.URL; u.Host = "other.example"; m.URL = &u }, ErrSignature},
			"the method":       {func(m *Message) { m.Method = "PUT" }, ErrSignature},
			"digest uncovered": {change(list, replace(covered, map[bool]string{true: "", false: `"`}[k == RFC9421])), ErrCoverage},
			"the value":        {change("Signature", func(s string) string { i := strings.LastIndex(s, "="); return s[:i-9] + "AAAAAAAA" + s[i-1:] }), ErrSignature},
			"another algorithm": {change(list, func(s string) string {
				return strings.NewReplacer("rsa-sha256", "hmac-sha256", algRSA, "hmac-sha256").Replace(s)
			}), ErrAlgorithm},
		} {
			t.Run(name, func(t *testing.T) {
				m := signed(t, k, "POST", inbox, `{"type":"Follow"}`)
				c.change(m)
				if err := accept(m, private(t).Public(), now); !errors.Is(err, c.want) {
					t.Errorf("accept = %v, want %v", err, c.want)
				}
			})
		}
		m := signed(t, k, "POST", inbox, `{"type":"Follow"}`)
		if err := accept(m, stranger.Public(), now); !errors.Is(err, ErrSignature) {
			t.Errorf("another key: %v", err)
		}
	})
}

func TestTheClockIsLookedAt(t *testing.T) {
	kinds(t, func(t *testing.T, k Kind) {
		for _, c := range []struct {
			made time.Duration // from now
			ok   bool
		}{{-59 * time.Minute, true}, {-61 * time.Minute, false}, {4 * time.Minute, true}, {6 * time.Minute, false}, {0, true}, {-1000 * time.Hour, false}} {
			m := signed(t, k, "POST", inbox, "{}")
			if err := accept(m, private(t).Public(), now.Add(-c.made)); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrTime) {
				t.Errorf("made at %v: %v", c.made, err)
			}
		}
	})
	parse := func(headers ...string) *Signature {
		t.Helper()
		m := &Message{Method: "GET", URL: target(), Header: http.Header{}}
		for i := 0; i < len(headers); i += 2 {
			m.Header.Set(headers[i], headers[i+1])
		}
		s, err := Parse(m)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const value = `,signature="AAAA"`
	at := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	date := now.Format(http.TimeFormat)
	for name, c := range map[string]struct {
		s    *Signature
		want error
	}{
		"no time":                     {parse("Signature", `keyId="k",headers="(request-target) host"`+value), ErrTime},
		"a date that is not signed":   {parse("Signature", `keyId="k",headers="(request-target) host"`+value, "Date", date), ErrCoverage},
		"a date that is none":         {parse("Signature", `keyId="k",headers="date"`+value, "Date", "yesterday"), ErrTime},
		"a date that is missing":      {parse("Signature", `keyId="k",headers="date"`+value), ErrTime},
		"created and not signed":      {parse("Signature", `keyId="k",headers="host",created=`+at(0)+value), ErrTime},
		"created long ago":            {parse("Signature", `keyId="k",headers="(created)",created=`+at(-2*time.Hour)+value), ErrTime},
		"created now, an old date":    {parse("Signature", `keyId="k",headers="(created) date",created=`+at(0)+value, "Date", now.Add(-2*time.Hour).Format(http.TimeFormat)), ErrTime},
		"expired":                     {parse("Signature", `keyId="k",headers="(created) (expires)",created=`+at(-9*time.Second)+`,expires=`+at(-time.Second)+value), ErrTime},
		"created":                     {parse("Signature", `keyId="k",headers="(created)",created=`+at(0)+value), nil},
		"created in quotes":           {parse("Signature", `keyId="k",headers="(created)",created="`+at(0)+`"`+value), nil},
		"by RFC 9421, no time":        {parse("Signature-Input", `s=("@method");keyid="k"`, "Signature", `s=:AAAA:`), ErrTime},
		"by RFC 9421, expired":        {parse("Signature-Input", `s=("@method");keyid="k";created=`+at(-9*time.Second)+`;expires=`+at(-time.Second), "Signature", `s=:AAAA:`), ErrTime},
		"by RFC 9421, a signed date":  {parse("Signature-Input", `s=("date");keyid="k"`, "Signature", `s=:AAAA:`, "Date", date), nil},
		"by RFC 9421, a date of then": {parse("Signature-Input", `s=("date");keyid="k"`, "Signature", `s=:AAAA:`, "Date", now.Add(-2*time.Hour).Format(http.TimeFormat)), ErrTime},
	} {
		if err := c.s.CheckTime(now, clock); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMalformedSignaturesAreErrors(t *testing.T) {
	for _, h := range []http.Header{
		{},
		{"Authorization": {"Bearer x"}},
		{"Signature": {""}},
		{"Signature": {"nonsense"}},
		{"Signature": {`keyId="k"`}},
		{"Signature": {`keyId="k,signature="`}},
		{"Signature": {`signature="AAAA"`}},
		{"Signature": {`keyId="k",signature="%%%"`}},
		{"Signature": {`keyId="k",keyId="l",signature="AAAA"`}},
		{"Signature": {`keyId="k",signature="AAAA",created=x`}},
		{"Signature": {`keyId="k",signature="AAAA",created=99999999999999999999`}},
		{"Signature": {`keyId="k",signature="AAAA",headers="` + strings.Repeat("a ", maxCovered+1) + `"`}},
		{"Signature": {`keyId="` + strings.Repeat("k", maxHeader) + `",signature="AAAA"`}},
		{"Signature-Input": {"x"}},
		{"Signature-Input": {`s=("@method");keyid="k"`}},
		{"Signature-Input": {`s=("@method");keyid="k"`}, "Signature": {"t=:AAAA:"}},
		{"Signature-Input": {`s=("@method");keyid="k"`}, "Signature": {"s=AAAA"}},
		{"Signature-Input": {`s=("@method");keyid=3`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=("@method")`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=("@method" "@method");keyid="k"`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=("Date");keyid="k"`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=(3);keyid="k"`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=("@method");keyid="k";created="x"`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=3`}, "Signature": {"s=:AAAA:"}},
	} {
		m := &Message{Method: "POST", URL: target(), Header: h}
		if s, err := Parse(m); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNone) {
			t.Errorf("Parse(%v) = %+v, %v", h, s, err)
		}
	}
}

func TestASignatureOfWhatIsMissingDoesNotVerify(t *testing.T) {
	for _, h := range []http.Header{
		{"Signature": {`keyId="k",headers="(request-target) host date digest",signature="AAAA"`}},
		{"Signature": {`keyId="k",headers="(created)",signature="AAAA"`}},
		{"Signature-Input": {`s=("@method" "x-missing");keyid="k"`}, "Signature": {"s=:AAAA:"}},
		{"Signature-Input": {`s=("@status");keyid="k"`}, "Signature": {"s=:AAAA:"}},
	} {
		s, err := Parse(&Message{Method: "POST", URL: target(), Header: h})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(private(t).Public()); !errors.Is(err, ErrCoverage) && !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: %v", h, err)
		}
	}
}

func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestKeysOfEachKind(t *testing.T) {
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private(t).PublicKey)}))
	for name, c := range map[string]struct {
		pem string
		ok  bool
	}{
		"RSA": {publicPEM(t, private(t).Public()), true}, "RSA in PKCS #1": {pkcs1, true}, "Ed25519": {publicPEM(t, ed), true},
		"P-256": {publicPEM(t, p256.Public()), true}, "P-384": {publicPEM(t, p384.Public()), false},
		"none": {"", false}, "text": {"key", false}, "cut": {pkcs1[:len(pkcs1)/2], false}, "long": {strings.Repeat("x", maxPEM+1), false},
		"RSA of 1024 bits": {"-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3\n6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6\nZ4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\noYi+1hqp1fIekaxsyQIDAQAB\n-----END PUBLIC KEY-----\n", false},
	} {
		if _, err := ParsePublicKey(c.pem); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The fediverse has another implementation of the draft, whose signatures and
// verdicts must be ours.
func TestAnotherImplementationOfTheDraftAgrees(t *testing.T) {
	body := []byte(`{"type":"Follow"}`)
	r, err := http.NewRequestWithContext(t.Context(), "POST", inbox, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Host", r.Host)
	r.Header.Set("Date", now.Format(http.TimeFormat))
	signer, _, err := other.NewSigner([]other.Algorithm{other.RSA_SHA256}, other.DigestSha256, []string{"(request-target)", "host", "date", "digest"}, other.Signature, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := signer.SignRequest(private(t), keyID, r, body); err != nil {
		t.Fatal(err)
	}
	if err := accept(&Message{Method: "POST", URL: r.URL, Header: r.Header, Body: body}, private(t).Public(), now); err != nil {
		t.Errorf("its signature: %v\n%v", err, r.Header)
	}

	m := signed(t, Cavage, "POST", inbox, string(body))
	r, err = http.NewRequestWithContext(t.Context(), "POST", inbox, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = m.Header
	r.Header.Set("Host", r.Host)
	v, err := other.NewVerifier(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(private(t).Public(), other.RSA_SHA256); err != nil || v.KeyId() != keyID {
		t.Errorf("our signature: %v, key %q", err, v.KeyId())
	}
}

func FuzzParse(f *testing.F) {
	k, err := testKey()
	if err != nil {
		f.Fatal(err)
	}
	for _, kind := range []Kind{Cavage, RFC9421} {
		m := signed(f, kind, "POST", inbox, "{}")
		f.Add(m.Header.Get("Signature"), m.Header.Get("Signature-Input"), m.Header.Get("Digest")+m.Header.Get("Content-Digest"), m.Header.Get("Date"))
	}
	f.Add(`keyId="k",headers="(created)",created=1,signature="`+base64.StdEncoding.EncodeToString([]byte("x"))+`"`, "", "", "")
	f.Add("sig-b26=:wqcA:", `sig-b26=("date" "@query" "@path" "content-length");created=1618884473;keyid="k"`, "sha-512=:AA==:", "Tue, 20 Apr 2021 02:07:55 GMT")
	f.Fuzz(func(t *testing.T, signature, input, digest, date string) {
		m := &Message{Method: "POST", URL: target(), Header: http.Header{}, Body: []byte("{}")}
		for name, v := range map[string]string{"Signature": signature, "Signature-Input": input, "Digest": digest, "Content-Digest": digest, "Date": date} {
			if v != "" {
				m.Header.Set(name, v)
			}
		}
		s, err := Parse(m)
		if err != nil {
			if !errors.Is(err, ErrNone) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("Parse = %v", err)
			}
			return
		}
		if s.KeyID == "" || len(s.value) == 0 {
			t.Fatalf("%+v", s)
		}
		_ = s.CheckTime(now, clock)
		_ = s.CheckContent()
		if err := s.Verify(k.Public()); err == nil && s.KeyID != keyID {
			t.Fatalf("somebody signed: %q", signature)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	kinds := map[string]Kind{"cavage": Cavage, "rfc9421": RFC9421}
	for name, k := range kinds {
		b.Run(name, func(b *testing.B) {
			m := signed(b, k, "POST", inbox, `{"type":"Follow"}`)
			b.ReportAllocs()
			for b.Loop() {
				if err := accept(m, private(b).Public(), now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
