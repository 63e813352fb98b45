package indieauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

// Content types.
const (
	mediaHTML  = "text/html"
	mediaXHTML = "application/xhtml+xml"
	mediaJSON  = "application/json"
)

// provider is where somebody signs in.
type provider struct {
	endpoint string // URL of the authorization endpoint
	issuer   string // "" if it publishes no metadata
	saysIss  bool   // whether it promises to name itself in its answers (RFC 9207, section 3)
	// known are the URLs, in canonical form, that have led here: what was asked
	// for, and what it was redirected to.
	known []string
}

// Why there is no provider.
var (
	errNoEndpoint = errors.New("the page names no authorization endpoint")
	errNoPKCE     = errors.New("the provider does not support S256 of PKCE")
	errIssuer     = errors.New("the issuer is not the one of the metadata")
	errStatus     = errors.New("the answer has another status than 200")
)

// discover finds the provider of a profile URL in canonical form (section 4.1).
func (c *Client) discover(ctx context.Context, profile string) (*provider, error) {
	res, err := get(ctx, c.cfg.Fetch, profile, mediaHTML+", "+mediaXHTML+";q=0.9, */*;q=0.1")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %d", errStatus, res.StatusCode)
	}
	at := res.Request.URL
	links := headerLinks(res.Header)
	if find(links, relMetadata) == "" && isHTML(res.Header) {
		// What headers say comes first.
		var inBody []link
		var href string
		inBody, href, err = documentLinks(res.Body, func(l link) bool { return l.has(relMetadata) })
		if err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		links = append(absolute(links, at), absolute(inBody, rebase(at, href))...)
	}
	var p *provider
	if href := find(links, relMetadata); href != "" {
		p, err = c.metadata(ctx, at, href)
	} else {
		p, err = legacy(at, find(links, relEndpoint))
	}
	if err != nil {
		return nil, err
	}
	p.known = append(chain(res), profile)
	return p, nil
}

// legacy is a provider that the page names without metadata.
func legacy(at *url.URL, href string) (*provider, error) {
	if href == "" {
		return nil, errNoEndpoint
	}
	endpoint, err := endpointURL(at, href)
	if err != nil {
		return nil, fmt.Errorf("authorization endpoint: %w", err)
	}
	return &provider{endpoint: endpoint.String()}, nil
}

// metadataBody is what there is to know of a provider (section 4.1.1).
type metadataBody struct {
	Issuer    string   `json:"issuer"`
	Endpoint  string   `json:"authorization_endpoint"`
	Methods   []string `json:"code_challenge_methods_supported"`
	IssInside bool     `json:"authorization_response_iss_parameter_supported"`
}

// metadata reads that of a provider.
func (c *Client) metadata(ctx context.Context, at *url.URL, href string) (*provider, error) {
	where, err := endpointURL(at, href)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	res, err := get(ctx, c.cfg.Fetch, where.String(), mediaJSON)
	if err != nil {
		return nil, err
	}
	var m metadataBody
	if err := readJSON(res, &m); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if !issuedBy(m.Issuer, where) {
		return nil, errIssuer
	}
	if m.Methods != nil && !slices.Contains(m.Methods, "S256") {
		return nil, errNoPKCE
	}
	endpoint, err := endpointURL(where, m.Endpoint)
	if err != nil || m.Endpoint == "" {
		return nil, errNoEndpoint
	}
	return &provider{endpoint: endpoint.String(), issuer: m.Issuer, saysIss: m.IssInside}, nil
}

// chain are the URLs that a request was redirected to, and its own, as profile
// URLs. Those that cannot be one are left out.
func chain(res *http.Response) []string {
	var known []string
	for r := res.Request; r != nil; {
		if u, err := ProfileURL(r.URL.String()); err == nil {
			known = append(known, u)
		}
		if r.Response == nil {
			break
		}
		r = r.Response.Request
	}
	return known
}

// find returns the first link of a relation.
func find(links []link, rel string) string {
	for _, l := range links {
		if l.has(rel) && l.href != "" {
			return l.href
		}
	}
	return ""
}

// absolute makes relative URLs absolute.
func absolute(links []link, base *url.URL) []link {
	list := make([]link, 0, len(links))
	for _, l := range links {
		if ref, err := url.Parse(strings.TrimSpace(l.href)); err == nil && l.href != "" {
			l.href = base.ResolveReference(ref).String()
			list = append(list, l)
		}
	}
	return list
}

func isHTML(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (media == mediaHTML || media == mediaXHTML)
}

// get fetches a document.
func get(ctx context.Context, client *http.Client, rawURL, accept string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	return client.Do(r)
}

// readJSON reads a JSON object, and closes the body.
func readJSON(res *http.Response, v any) error {
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %d", errStatus, res.StatusCode)
	}
	body, err := httpx.ReadAnswer(res, mediaJSON)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
