package httpsig

import (
	"bufio"
	"crypto"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The keys and requests of RFC 9421, appendices B.1 and B.2.
const (
	pssKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
`
	edKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
`
	vectorRequest = "POST /foo?param=Value&Pet=dog HTTP/1.1\r\n" +
		"Host: example.com\r\n" +
		"Date: Tue, 20 Apr 2021 02:07:55 GMT\r\n" +
		"Content-Type: application/json\r\n" +
		"Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\r\n" +
		"Content-Length: 18\r\n"
	minimal = `Signature-Input: sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"` + "\r\n" +
		"Signature: sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:\r\n"
	selective = `Signature-Input: sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"` + "\r\n" +
		"Signature: sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:\r\n"
	full = `Signature-Input: sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"` + "\r\n" +
		"Signature: sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:\r\n"
	edwards = `Signature-Input: sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"` + "\r\n" +
		"Signature: sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:\r\n"
)

// message reads a request as a server does.
func message(t testing.TB, text string) *Message {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Message{
		Method: r.Method, Header: r.Header, Body: body,
		URL: &url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery},
	}
}

func key(t testing.TB, text string) crypto.PublicKey {
	t.Helper()
	k, err := ParsePublicKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTheVectorsOfRFC9421Verify(t *testing.T) {
	const body = "\r\n" + `{"hello": "world"}`
	for name, v := range map[string]struct {
		headers, key, alg string
	}{
		"B.2.1, nothing covered":    {minimal, pssKey, algRSAPSS},
		"B.2.3, everything covered": {full, pssKey, algRSAPSS},
		"B.2.6, Ed25519":            {edwards, edKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := message(t, vectorRequest+v.headers+body)
			s, err := Parse(m)
			if err != nil {
				t.Fatal(err)
			}
			// The algorithm is the key's; with RSA it would have to be stated.
			s.algorithm = v.alg
			if err := s.Verify(key(t, v.key)); err != nil {
				t.Errorf("Verify = %v", err)
			}
			if s.Kind != RFC9421 || !strings.HasPrefix(s.KeyID, "test-key-") || s.created.Unix() != 1618884473 {
				t.Errorf("%+v", s)
			}
			if err := checkContentDigest(m.Header.Values("Content-Digest"), m.Body); err != nil {
				t.Errorf("digest: %v", err)
			}
			changed := message(t, strings.Replace(vectorRequest, "/foo", "/fob", 1)+v.headers+body)
			if s, err = Parse(changed); err != nil {
				t.Fatal(err)
			}
			s.algorithm = v.alg
			if err := s.Verify(key(t, v.key)); (err == nil) != (v.headers == minimal) {
				t.Errorf("Verify of another path = %v", err)
			}
		})
	}
	s, err := Parse(message(t, vectorRequest+full+body))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckContent(); err != nil {
		t.Errorf("everything is covered, and CheckContent = %v", err)
	}
	if err := s.CheckTime(time.Unix(1618884473, 0), Clock{time.Minute, time.Minute}); err != nil {
		t.Errorf("CheckTime = %v", err)
	}
	for name, headers := range map[string]string{"nothing": minimal, "no digest": edwards} {
		if s, err = Parse(message(t, vectorRequest+headers+body)); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckContent(); !errors.Is(err, ErrCoverage) {
			t.Errorf("%s is covered, and CheckContent = %v", name, err)
		}
	}
	// B.2.2 has a component with parameters, which nobody uses here.
	if _, err := Parse(message(t, vectorRequest+selective+body)); !errors.Is(err, ErrMalformed) {
		t.Errorf("Parse of B.2.2 = %v", err)
	}
}
