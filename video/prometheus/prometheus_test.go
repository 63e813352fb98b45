package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/video/prometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func scrape(t *testing.T, h http.Handler) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code, w.Body.String()
}

func some() []owncast.Metric {
	return []owncast.Metric{
		{Name: "a_bytes_total", Help: "Bytes.", Kind: owncast.Counter, Value: 7, Labels: []owncast.MetricLabel{{Name: "output", Value: "x\"\n\xff"}}},
		{Name: "b", Help: "B.", Value: 0.5},
	}
}

func TestTheHandlerServesFigures(t *testing.T) {
	h, err := prometheus.NewHandler(some)
	if err != nil {
		t.Fatal(err)
	}
	code, body := scrape(t, h)
	for _, want := range []string{
		"# HELP a_bytes_total Bytes.\n# TYPE a_bytes_total counter\na_bytes_total{output=\"x\\\"\\n?\"} 7\n",
		"# TYPE b gauge\nb 0.5\n", "\ngo_goroutines ",
	} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("%d, no %q in:\n%s", code, want, body)
		}
	}
}

func TestAFigureThatIsNoneSparesTheOthers(t *testing.T) {
	h, err := prometheus.NewHandler(func() []owncast.Metric {
		return append(some(), owncast.Metric{Name: "", Help: "x"},
			owncast.Metric{Name: "c", Labels: []owncast.MetricLabel{{Name: "l", Value: "1"}, {Name: "l", Value: "2"}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if code, body := scrape(t, h); code != 200 || !strings.Contains(body, "\nb 0.5\n") || strings.Contains(body, "\nc{") {
		t.Errorf("%d %s", code, body)
	}
}

func TestSeveralAppsShareARegistryOfTheHost(t *testing.T) {
	registry := client.NewRegistry()
	for _, name := range []string{"one", "two"} {
		if err := client.WrapRegistererWith(client.Labels{"app": name}, registry).Register(prometheus.NewCollector(some)); err != nil {
			t.Fatal(err)
		}
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 2 || len(families[0].GetMetric()) != 2 {
		t.Errorf("%v, %v", families, err)
	}
	all, err := client.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == "b" {
			t.Error("it is in the registry of the whole process")
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	registry := client.NewRegistry()
	if err := registry.Register(prometheus.NewCollector(some)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
