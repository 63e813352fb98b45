package web

import _ "embed" // the picture

// placeholder is placeholder.svg, drawn at 960x540.
//
//go:embed placeholder.jpg
var placeholder string

// Placeholder returns a JPEG to show where there is no picture of a
// broadcast.
func Placeholder() []byte { return []byte(placeholder) }
