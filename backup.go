package owncast

import (
	"context"
	"io"
)

// WithBackup lets administrators download a copy of what is stored, which
// snapshot writes to w: all of it, secrets included. An error of it ends the
// download. The default is a copy of the default repository, for
// [github.com/owncast-go/owncast/repository/bolt.Restore], and none of what
// [WithRepository] was given.
func WithBackup(snapshot func(ctx context.Context, w io.Writer) error) Option {
	return func(c *config) error {
		c.backup = snapshot
		return notNil("WithBackup", snapshot == nil)
	}
}
