package prometheus_test

import (
	"context"
	"fmt"

	client "github.com/prometheus/client_golang/prometheus"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/video/prometheus"
)

// Two Apps in a registry of the program's own.
func ExampleCollector() {
	registry := client.NewRegistry()
	for _, channel := range []string{"one", "two"} {
		app, err := owncast.New(owncast.WithRepository(memory.New()))
		if err != nil {
			fmt.Println(err)
			return
		}
		ctx := context.Background()
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			return
		}
		defer app.Shutdown(ctx)
		labeled := client.WrapRegistererWith(client.Labels{"app": channel}, registry)
		if err := labeled.Register(prometheus.NewCollector(app.Metrics)); err != nil {
			fmt.Println(err)
			return
		}
	}
	figures, err := registry.Gather()
	fmt.Println(len(figures) > 0, err)
	// Output: true <nil>
}
