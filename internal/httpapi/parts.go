package httpapi

import (
	"context"
	"net/http"
	"strings"
)

// Part is a part of what an App serves. Parts are combined by |.
type Part uint8

// The parts, as package owncast has them for hosts.
const (
	PartPage Part = 1 << iota
	PartVideo
	PartChat
	PartAdmin
	PartPrograms
	PartFediverse
)

// partTable says which parts a path belongs to, with everything below it: that
// of the longest prefix holds. What is not there is of the page.
func partTable() map[string]Part {
	const pages = PartPage | PartVideo | PartChat | PartAdmin
	return map[string]Part{
		"/assets": pages, "/icon.svg": pages, "/favicon.ico": pages, "/logo": pages, "/licenses.txt": pages, "/customjavascript": pages,
		"/img": pages, "/api/emoji": pages, "/api/socialplatforms": pages, "/api/config": pages, "/api/status": pages, "/api/health": pages,
		"/api/openapi.yaml": pages | PartPrograms, "/robots.txt": pages | PartPrograms | PartFediverse,

		"/hls": PartVideo, "/thumbnail.jpg": PartVideo, "/preview.gif": PartVideo, "/embed/video": PartVideo, "/api/video": PartVideo,
		"/api/ping": PartVideo, "/api/metrics": PartVideo, "/api/recordings": PartVideo | PartPage | PartAdmin,

		"/ws": PartChat, "/api/chat": PartChat, "/api/moderation": PartChat, "/embed/chat": PartChat,
		"/api/auth": PartChat, "/api/notifications": PartChat,

		"/admin": PartAdmin, "/api/admin": PartAdmin, "/api/auth/provider": PartAdmin,
		"/api/integrations": PartPrograms,
		"/federation":       PartFediverse, "/nodeinfo": PartFediverse, "/.well-known": PartFediverse, "/api/v1/instance": PartFediverse,
	}
}

// partsOf returns the parts that a path belongs to.
func partsOf(table map[string]Part, p string) Part {
	if rest, ok := strings.CutPrefix(p, "/recordings/"); ok && strings.Contains(rest, "/") {
		return PartVideo // the recording itself; above it is the page that plays it
	}
	for p != "" {
		if parts, ok := table[p]; ok {
			return parts
		}
		p = p[:max(strings.LastIndexByte(p, '/'), 0)]
	}
	return PartPage
}

// partsKey is what a request's context has the parts under that alone are
// served.
type partsKey struct{}

// Only returns a handler that has next, which is one of New's, serve some parts
// alone. It answers 404 to everything else.
func Only(parts Part, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), partsKey{}, parts)))
	})
}
