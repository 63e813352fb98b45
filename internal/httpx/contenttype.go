package httpx

import (
	"path"
	"strings"
)

// ContentType returns the media type that the extension of a file name stands
// for, in any case, and not what the system thinks of it; it is
// "application/octet-stream" for those it does not know. For the files of a
// site.
func ContentType(name string) string {
	switch ext := strings.TrimPrefix(strings.ToLower(path.Ext(name)), "."); ext {
	case "html", "htm":
		return "text/html; charset=utf-8"
	case "js", "mjs":
		return "text/javascript; charset=utf-8"
	case "css", "csv":
		return "text/" + ext + "; charset=utf-8"
	case "txt", "md":
		return "text/plain; charset=utf-8"
	case "vtt":
		return "text/vtt; charset=utf-8"
	case "ics":
		return "text/calendar; charset=utf-8"
	case "json", "map":
		return "application/json"
	case "webmanifest":
		return "application/manifest+json"
	case "pdf", "zip", "xml", "wasm":
		return "application/" + ext
	default:
		return mediaType(ext)
	}
}

// mediaType is ContentType for pictures, fonts, sound and video.
func mediaType(ext string) string {
	switch ext {
	case "svg":
		return "image/svg+xml"
	case "png", "gif", "webp", "avif":
		return "image/" + ext
	case "jpg", "jpeg":
		return "image/jpeg"
	case "ico":
		return "image/x-icon"
	case "woff", "woff2", "ttf", "otf":
		return "font/" + ext
	case "mp4", "webm":
		return "video/" + ext
	case "mp3":
		return "audio/mpeg"
	case "m4a":
		return "audio/mp4"
	case "ogg", "opus", "wav", "flac":
		return "audio/" + ext
	default:
		return "application/octet-stream"
	}
}
