package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says which packages of the module a package may import. A package
// that is not in the table fails the test, as does an import beyond it. Tests
// may import any.
func layers() map[string][]string {
	return map[string][]string{
		"": {
			"chat", "federation", "internal/assets", "internal/auth", "internal/cluster", "internal/directory", "internal/geoip", "internal/health",
			"internal/httpapi", "internal/httpx", "internal/idn", "internal/images", "internal/indieauth", "internal/logring", "internal/otp", "internal/markup", "internal/metrics",
			"internal/schedule", "internal/settings", "internal/stats", "internal/usage", "internal/web",
			"repository", "repository/bolt", "storage", "storage/local",
			"video", "video/flv", "video/hls", "video/recording", "video/restream", "video/rtmp", "webhooks", "webhooks/discord",
		},

		"chat":          {"repository"},
		"chat/chattest": {"chat", "repository", "repository/memory", "repository/repositorytest"},
		"federation":    {"repository"},
		"webhooks":      {"internal/keeper", "repository"},
		"federation/activitypub": {
			"federation", "federation/activitypub/internal/delivery", "federation/activitypub/internal/httpsig",
			"federation/activitypub/internal/transport", "federation/activitypub/internal/vocab",
			"internal/httpx", "internal/idn", "internal/keeper", "repository",
		},
		"federation/activitypub/internal/delivery": {
			"federation", "federation/activitypub/internal/httpsig", "federation/activitypub/internal/transport", "internal/httpx", "repository",
		},
		"federation/activitypub/internal/httpsig":   {},
		"federation/activitypub/internal/transport": {"federation/activitypub/internal/httpsig", "internal/httpx"},
		"federation/activitypub/internal/vocab":     {},

		"webhooks/email":            {"webhooks"},
		"webhooks/jsonhook":         {"webhooks", "webhooks/internal/request"},
		"webhooks/matrix":           {"webhooks", "webhooks/internal/request"},
		"webhooks/ntfy":             {"webhooks", "webhooks/internal/request"},
		"webhooks/slack":            {"webhooks", "webhooks/internal/request"},
		"webhooks/telegram":         {"webhooks", "webhooks/internal/request"},
		"webhooks/discord":          {"webhooks", "webhooks/internal/request"},
		"webhooks/internal/request": {"internal/httpx", "webhooks"},
		"webhooks/webpush":          {"repository", "webhooks"},

		"repository":                  {},
		"repository/bolt":             {"repository", "repository/internal/dump", "repository/internal/kvstore"},
		"repository/internal/dump":    {"repository", "repository/internal/kvstore", "repository/internal/tree"},
		"repository/internal/kvstore": {"repository"},
		"repository/internal/tree":    {"repository/internal/kvstore"},
		"repository/jetstream":        {"repository", "repository/internal/dump", "repository/internal/kvstore", "repository/internal/tree"},
		"repository/memory":           {"repository", "repository/internal/kvstore", "repository/internal/tree"},
		"repository/repositorytest":   {"repository"},

		"storage":             {},
		"storage/local":       {"storage"},
		"storage/s3":          {"storage"},
		"storage/storagetest": {"storage"},

		"video":            {"storage"},
		"video/ffmpeg":     {"storage", "video", "video/flv"},
		"video/flv":        {"video"},
		"video/hls":        {"storage", "video"},
		"video/hardware":   {},
		"video/prometheus": {"internal/metrics"},
		"video/recording":  {"storage", "video"},
		"video/restream":   {"video", "video/rtmp"},
		"video/rtmp":       {"video", "video/flv"},
		"video/videotest":  {"video", "video/flv"},

		"internal/archtest":  {},
		"internal/assets":    {"internal/images", "repository", "storage"},
		"internal/auth":      {"repository"},
		"internal/cluster":   {"video", "video/hls"},
		"internal/directory": {"internal/keeper", "repository"},
		"internal/httpapi": {
			"chat", "federation", "internal/assets", "internal/auth", "internal/directory", "internal/health", "internal/httpx",
			"internal/idn", "internal/images", "internal/indieauth", "internal/logring", "internal/otp", "internal/schedule", "internal/settings", "internal/stats", "internal/usage",
			"repository", "storage", "video", "video/recording", "video/restream", "webhooks",
		},
		"internal/httpx":          {"chat", "repository", "storage", "video", "video/recording"},
		"internal/geoip":          {},
		"internal/health":         {"internal/keeper", "repository"},
		"internal/idn":            {},
		"internal/images":         {},
		"internal/indieauth":      {"internal/auth", "internal/httpx", "internal/idn"},
		"internal/keeper":         {},
		"internal/logring":        {},
		"internal/markup":         {},
		"internal/metrics":        {},
		"internal/usage":          {"internal/keeper"},
		"internal/schedule":       {"internal/keeper", "repository"},
		"internal/settings":       {"internal/httpx", "repository"},
		"internal/stats":          {"internal/keeper", "repository"},
		"internal/web":            {"internal/httpx"},
		"internal/testweb":        {"internal/httpx"},
		"internal/indieauth/peer": {},
		"internal/otp":            {"internal/auth", "internal/idn"},
		"internal/perf":           {},
	}
}

// exampleModules are modules that examples alone may import beside the
// packages of this one that hosts can.
func exampleModules() []string {
	return []string{
		"github.com/coreos/go-oidc/v3", "github.com/go-jose/go-jose/v4", "golang.org/x/oauth2",
		"golang.org/x/crypto", "modernc.org/sqlite",
	}
}

// modules says which packages may import which other modules. The standard
// library is everybody's.
func modules() map[string][]string {
	return map[string][]string{
		"github.com/SherClockHolmes/webpush-go":   {"webhooks/webpush"},
		"github.com/aws/aws-sdk-go-v2":            {"storage/s3"},
		"github.com/aws/smithy-go":                {"storage/s3"},
		"github.com/bluenviron/mediacommon/v2":    {"video", "video/flv"},
		"github.com/coder/websocket":              {"chat"},
		"github.com/dunglas/httpsfv":              {"federation/activitypub/internal/httpsig"},
		"github.com/go-fed/activity":              {"federation/activitypub/internal/vocab"},
		"github.com/grafov/m3u8":                  {"video/hls", "video/recording", "video/videotest"},
		"github.com/microcosm-cc/bluemonday":      {"internal/markup"},
		"github.com/nats-io/nats.go":              {"repository/jetstream"},
		"github.com/oschwald/maxminddb-golang/v2": {"internal/geoip"},
		"github.com/prometheus/client_golang":     {"video/prometheus"},
		"github.com/shirou/gopsutil/v4":           {"video/hardware"},
		"github.com/sirupsen/logrus":              {"video/rtmp"},
		"github.com/teambition/rrule-go":          {"internal/schedule"},
		"github.com/wneessen/go-mail":             {"webhooks/email"},
		"github.com/yuin/goldmark":                {"internal/markup"},
		"github.com/yutopp/go-rtmp":               {"video/rtmp"},
		"go.etcd.io/bbolt":                        {"repository/bolt"},
		"golang.org/x/crypto":                     {"internal/auth"},
		"golang.org/x/image":                      {"internal/images"},
		"golang.org/x/net/html":                   {"internal/indieauth"},
		"golang.org/x/net/idna":                   {"internal/idn"},
		"golang.org/x/sync":                       {"", "internal/httpapi", "internal/httpx", "video", "video/hls"},
		"golang.org/x/time":                       {"chat", "internal/httpapi", "internal/httpx", "video/rtmp"},
	}
}

// testModules are modules that tests may import too. None of them may be in a
// program.
func testModules() []string {
	return []string{
		"code.superseriousbusiness.org/httpsig", // a second opinion on signatures
		"github.com/Eyevinn/mp4ff",
		"github.com/arran4/golang-ical",
		"github.com/coder/websocket", // a client of ours
		"github.com/emersion/go-ical",
		"github.com/emersion/go-sasl",
		"github.com/emersion/go-smtp",
		"github.com/getkin/kin-openapi",
		"github.com/hacdias/indieauth/v2", // in a module of its own
		"github.com/nats-io/nats-server/v2",
		"github.com/grafov/m3u8", // reads in tests of any package what we write
		"github.com/prometheus/client_golang/prometheus/testutil/promlint",
		"go.uber.org/goleak",
		"golang.org/x/net", // its HTML parser reads what we write
		"pgregory.net/rapid",
	}
}

func TestImportsKeepToTheLayers(t *testing.T) {
	files := tree(t)
	known := layers()
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.pkg] = true
		report(t, checkImports(f))
	}
	for pkg := range known {
		if !seen[pkg] && pkg != "" {
			t.Errorf("layers has package %q, which is not there", pkg)
		}
	}
}

// checkImports returns the imports of f that the tables do not have.
func checkImports(f *file) []finding {
	var findings []finding
	for _, spec := range f.ast.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if text := rejectImport(f, imported); text != "" {
			findings = append(findings, f.at(spec, "%s", text))
		}
	}
	return findings
}

// rejectImport says why f may not import a path, or nothing.
func rejectImport(f *file, imported string) string {
	if imported == "C" {
		return "cgo is not for this module"
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // of the standard library; manners_test.go looks at those
	}
	if imported == module || strings.HasPrefix(imported, module+"/") {
		return rejectLayer(f, strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
	}
	return rejectModule(f, imported)
}

func rejectLayer(f *file, imported string) string {
	switch {
	case f.test && f.pkg != "internal/archtest":
		return ""
	case strings.HasPrefix(f.pkg, "examples/"):
		if strings.HasPrefix(imported, "internal/") || strings.HasPrefix(imported, "examples/") {
			return fmt.Sprintf("an example imports %q, which a host could not", imported)
		}
		return ""
	}
	allowed, known := layers()[f.pkg]
	switch {
	case !known:
		return fmt.Sprintf("package %q is not in layers of internal/archtest: say there what it may import", f.pkg)
	case imported == "":
		return fmt.Sprintf("%q imports the root, which only examples and tests may: declare the interface that it needs", f.pkg)
	case !slices.Contains(allowed, imported):
		return fmt.Sprintf("%q imports %q, which is not in layers of internal/archtest: declare the interface that it needs, or change the table", f.pkg, imported)
	}
	return ""
}

func rejectModule(f *file, imported string) string {
	within := func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") }
	if f.test && slices.ContainsFunc(testModules(), within) {
		return ""
	}
	if strings.HasPrefix(f.pkg, "examples/") && slices.ContainsFunc(exampleModules(), within) {
		return ""
	}
	for m, packages := range modules() {
		if !within(m) {
			continue
		}
		if slices.Contains(packages, f.pkg) {
			return ""
		}
		return fmt.Sprintf("%q imports %s, which is for %q alone by modules of internal/archtest", f.pkg, imported, packages)
	}
	if slices.ContainsFunc(testModules(), within) {
		return fmt.Sprintf("%s is for tests alone", imported)
	}
	return fmt.Sprintf("%s is of no module in the tables of internal/archtest", imported)
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range tree(t) {
		if !f.test {
			documented[f.pkg] = documented[f.pkg] || f.ast.Doc != nil
		}
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", path.Join(module, pkg))
		}
	}
}

// TestEverySectionOfTheSettingsHasOneOwner finds two packages that would save
// their settings over each other's.
func TestEverySectionOfTheSettingsHasOneOwner(t *testing.T) {
	owners := map[string]string{}
	for _, f := range tree(t) {
		if !f.library() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, isName := kv.Key.(*ast.Ident)
			value, isText := kv.Value.(*ast.BasicLit)
			if !isName || !isText || key.Name != "Section" {
				return true
			}
			pos := f.at(kv, "").pos
			if other, taken := owners[value.Value]; taken {
				t.Errorf("%s: section %s is that of %s", pos, value.Value, other)
			}
			owners[value.Value] = pos
			return true
		})
	}
	if len(owners) < 10 {
		t.Errorf("found only %d sections", len(owners))
	}
}
