//go:build windows || plan9 || solaris || aix || android

package bolt

import "os"

// replacesOpenFiles tells whether a file can be replaced that is open. It can on
// some of these systems, but not on Windows.
const replacesOpenFiles = false

// unlock does nothing: on these systems a lock ends when the file is closed.
func unlock(*os.File) error { return nil }
