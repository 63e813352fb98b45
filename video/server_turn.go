package video

import "context"

// turn is a lock whose wait a context can end: a packager that hangs must not
// make Shutdown hang. Its capacity is 1.
type turn chan struct{}

// lock succeeds when the turn is free, even if ctx is done.
func (t turn) lock(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) lockAlways() { t <- struct{}{} }

func (t turn) unlock() { <-t }
