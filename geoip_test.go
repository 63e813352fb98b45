package owncast_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
)

const exampleMMDB = "internal/geoip/testdata/example.mmdb"

func TestAdministratorsAreToldWhereViewersAre(t *testing.T) {
	proxy := owncast.WithTrustedProxies(netip.MustParsePrefix("127.0.0.0/8"))
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithLatencyLevel(0), proxy, owncast.WithGeoIP(exampleMMDB),
		owncast.WithGeo(func(addr netip.Addr) (owncast.Geo, bool) {
			return owncast.Geo{CountryCode: "ZZ"}, addr == netip.MustParseAddr("192.0.2.9")
		}))
	stop := publish(t, c.rtmp, "live", "k")
	defer stop()
	c.await("/api/status", `"online":true`)
	for addr, want := range map[string]string{
		"203.0.113.7":  `"geo":{"countryCode":"DE","regionName":"Berlin","timeZone":"Europe/Berlin"}`,
		"2001:db8::7":  `"geo":{"countryCode":"SE","regionName":"Skåne","timeZone":"Europe/Stockholm"}`,
		"198.51.100.7": `"geo":null`,
		"127.0.0.1":    `"geo":{"countryCode":"N/A","regionName":"Localhost","timeZone":""}`,
		"192.0.2.9":    `"geo":{"countryCode":"ZZ","regionName":"","timeZone":""}`,
	} {
		if code, body := c.ask("GET", "/api/ping", "", "", "X-Forwarded-For", addr); code != 200 {
			t.Fatal(code, body)
		}
		code, body := c.ask("GET", "/api/admin/viewers", "p", "")
		found := false
		for viewer := range strings.SplitSeq(body, "{\"firstSeen\"") {
			found = found || strings.Contains(viewer, `"ipAddress":"`+addr+`"`) && strings.Contains(viewer, want)
		}
		if code != 200 || !found {
			t.Errorf("no %s with %s in %s", addr, want, body)
		}
	}
}

func TestStartSaysWhichGeoIPFileCannotBeUsed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "x.mmdb")
	for path, want := range map[string]error{missing: fs.ErrNotExist, "go.mod": nil} {
		app, err := owncast.New(discard(), owncast.WithDataDir(t.TempDir()), owncast.WithGeoIP(path))
		if err != nil {
			t.Fatal(err)
		}
		err = app.Start(t.Context())
		wrong := new(owncast.GeoIPError)
		if !errors.As(err, &wrong) || wrong.Path != path || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: Start = %v", path, err)
		}
		shutdown(t, app)
	}
	if _, err := owncast.New(owncast.WithGeoIP("")); err == nil {
		t.Error("no path is accepted")
	}
}
