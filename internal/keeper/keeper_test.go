package keeper

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func nothing(context.Context) error { return nil }

func TestItKeepsFromStartToShutdown(t *testing.T) {
	var k Keeper
	failed := errors.New("not yet")
	if err := k.Start(t.Context(), func(context.Context) error { return failed }, nil); !errors.Is(err, failed) {
		t.Errorf("Start = %v", err)
	}
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	kept := make(chan any, 1)
	if err := k.Start(ctx, nothing, func(ctx context.Context) {
		<-ctx.Done()
		kept <- ctx.Value(key{})
	}); err != nil {
		t.Fatal(err)
	}
	cancel() // which bounds the start alone
	if err := k.Start(t.Context(), nothing, nil); !errors.Is(err, errTwice) {
		t.Errorf("a second Start = %v", err)
	}
	select {
	case <-kept:
		t.Error("it ended with the context of Start")
	default:
	}
	for range 2 {
		if started, err := k.Shutdown(t.Context()); !started || err != nil {
			t.Errorf("Shutdown = %v, %v", started, err)
		}
	}
	if v := <-kept; v != 1 {
		t.Errorf("value %v", v)
	}
}

func TestShutdownWaitsNoLongerThanItsContext(t *testing.T) {
	var k Keeper
	release := make(chan struct{})
	if err := k.Start(t.Context(), nothing, func(context.Context) { <-release }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown = %v", err)
	}
	close(release)
	if _, err := k.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingStartsAfterShutdown(t *testing.T) {
	var k Keeper
	if started, err := k.Shutdown(t.Context()); started || err != nil {
		t.Errorf("Shutdown = %v, %v", started, err)
	}
	if err := k.Start(t.Context(), nothing, nil); !errors.Is(err, errTwice) {
		t.Errorf("Start = %v", err)
	}
}
