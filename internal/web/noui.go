//go:build owncast_noui

package web

import "io/fs"

// FS returns nil: the web application was left out of this program.
func FS() fs.FS { return nil }
