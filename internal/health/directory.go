package health

import (
	"context"
	"errors"
	"os"
	"time"
)

// directoryEvery is how often a directory is written to.
const directoryEvery = time.Minute

// Directory returns a check of whether files can be written in a directory. It
// tries once a minute, and at every check while it cannot.
func Directory(dir string) Check {
	var last time.Time // when it worked
	return func(context.Context) []Problem {
		if !last.IsZero() && time.Since(last) < directoryEvery {
			return nil
		}
		if err := tryDirectory(dir); err != nil {
			last = time.Time{}
			return []Problem{{
				Code: "data-directory-unwritable", Level: Degraded,
				Text: "No file can be written in the data directory.", Detail: err.Error(),
			}}
		}
		last = time.Now()
		return nil
	}
}

// tryDirectory writes a file of one block and removes it.
func tryDirectory(dir string) error {
	f, err := os.CreateTemp(dir, ".health-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
