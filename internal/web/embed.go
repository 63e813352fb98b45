//go:build !owncast_noui

package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// FS returns the files of the web application of this module, or nil if the
// program was built with the tag owncast_noui.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil // cannot be: "dist" is a valid path
	}
	return sub
}
