package owncast_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
)

// TestAttacksByPicture uploads what is a picture and something else, and what
// becomes large. It is refused, or what is served has nothing of it left.
func TestAttacksByPicture(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const page = "<html><script>alert(1)</script></html>"
	svg := func(inner string) []byte {
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + inner + `</svg>`)
	}
	for name, file := range map[string][]byte{
		"a page behind a PNG":        append(pngOf(t, 9), page...),
		"a page in a PNG's comment":  withChunk(pngOf(t, 9), "tEXt", "Comment\x00"+page),
		"a profile in a PNG":         withChunk(pngOf(t, 9), "iCCP", "x\x00\x00"+page),
		"a page behind a GIF":        append(gifOf(t, 1), page...),
		"a script that begins a GIF": append([]byte("GIF89a/*\x00\x00\x00*/=1;alert(1)//"), page...),
		"an archive behind a PNG":    append(pngOf(t, 9), "PK\x03\x04alert(1)"...),
		"a page that begins a PNG":   append([]byte(page), pngOf(t, 9)...),
		"a page":                     []byte(page),
		"PDF":                        []byte("%PDF-1.7 alert(1)"),
		"a playlist":                 []byte("#EXTM3U\nfile:///etc/passwd"),
		"SVG with a script":          svg("<script>alert(1)</script>"),
		"SVG with an event":          svg(`<circle r="1" onload="alert(1)"/>`),
		"SVG with a link":            svg(`<a href="javascript:alert(1)"><circle r="1"/></a>`),
		"SVG with a page in it":      svg(`<foreignObject><body onload="alert(1)"/></foreignObject>`),
		"SVG with a picture":         svg(`<image href="http://169.254.169.254/alert(1)"/>`),
		"SVG with a style":           svg(`<style>@import "http://169.254.169.254/alert(1)";</style>`),
		"SVG with a file":            []byte(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`),
		"SVG of a billion laughs":    []byte(`<!DOCTYPE svg [<!ENTITY a "alert(1)"><!ENTITY b "&a;&a;&a;&a;">]><svg>&b;</svg>`),
		"SVG in deep layers":         svg(strings.Repeat("<g>", 10_000)),
		"a PNG of 2.5 gigapixels":    bomb(t, 50_000, 50_000),
		"a PNG as wide as can be":    bomb(t, 1<<31-1, 1),
		"a GIF of many frames":       gifOf(t, 301),
		"nothing":                    {},
	} {
		for _, mediaType := range []string{"image/png", "image/svg+xml"} {
			t.Run(name+" as "+mediaType, func(t *testing.T) {
				c := &channel{t: t, app: c.app, web: c.web}
				for _, up := range []struct{ path, body, served string }{
					{"/api/admin/emoji/upload", jsonOf(t, "name", "evil", "data", dataURL(mediaType, file)), ""},
					{"/api/admin/config/logo", jsonOf(t, "value", dataURL(mediaType, file)), "/logo"},
					{"/api/admin/config/favicon", jsonOf(t, "value", dataURL(mediaType, file)), "/favicon.ico"},
				} {
					code, answer := c.post(up.path, up.body)
					if code >= 400 && code < 500 {
						continue
					}
					if code != 200 {
						t.Errorf("%s: %d %.200s", up.path, code, answer)
						continue
					}
					served := up.served
					if served == "" {
						served = c.emoji("evil")
						defer c.post("/api/admin/emoji/delete", jsonOf(t, "name", "evil"))
					}
					if h, body := c.picture(served); strings.Contains(body, "alert") || strings.Contains(body, "169.254") || strings.HasPrefix(h.Get("Content-Type"), "text/") {
						t.Errorf("%s: served as %s: %.300q", up.path, h.Get("Content-Type"), body)
					}
				}
			})
		}
	}
}

// emoji is where an emoji is served.
func (c *channel) emoji(name string) string {
	c.t.Helper()
	for _, ext := range []string{".png", ".gif", ".svg", ".jpg"} {
		if code, _ := c.get("/img/emoji/" + name + ext); code == 200 {
			return "/img/emoji/" + name + ext
		}
	}
	c.t.Fatalf("emoji %s is not served", name)
	return ""
}

// withChunk adds a chunk to a PNG file, behind the first.
func withChunk(file []byte, name, data string) []byte {
	const first = 8 + 25
	return append(append(bytes.Clone(file[:first]), pngChunk(name, []byte(data))...), file[first:]...)
}

func pngChunk(name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// bomb is a small PNG file that says to be w by h pixels.
func bomb(t *testing.T, w, h uint32) []byte {
	t.Helper()
	var idat bytes.Buffer
	z := zlib.NewWriter(&idat)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	file := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, 8, 6, 0, 0, 0))...)
	return append(append(file, pngChunk("IDAT", idat.Bytes())...), pngChunk("IEND", nil)...)
}
