package owncast_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/png"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="3"/></svg>`

func pngOf(t testing.TB, side int) []byte {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, side, side))
	p.SetNRGBA(0, 0, color.NRGBA{255, 0, 0, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifOf(t testing.TB, frames int) []byte {
	t.Helper()
	var g gif.GIF
	for range frames {
		g.Image, g.Delay = append(g.Image, image.NewPaletted(image.Rect(0, 0, 2, 2), palette.Plan9[:4])), append(g.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func dataURL(mediaType string, data []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// jsonOf is an object of pairs.
func jsonOf(t testing.TB, pairs ...any) string {
	t.Helper()
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// post sends JSON as an administrator.
func (c *channel) post(path, body string) (int, string) {
	c.t.Helper()
	return c.ask("POST", path, "p", body, "Content-Type", "application/json")
}

// picture gets one and checks what every picture is served with.
func (c *channel) picture(path string, header ...string) (http.Header, string) {
	c.t.Helper()
	code, h, body := c.exchange("GET", path, "", "", header...)
	if code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, code, body)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		c.t.Errorf("%s: %v", path, h)
	}
	if again, _, rest := c.exchange("GET", path, "", "", "If-None-Match", h.Get("ETag")); again != http.StatusNotModified || rest != "" {
		c.t.Errorf("%s with its own ETag: %d", path, again)
	}
	return h, body
}

func TestAChannelHasPicturesWithoutSettingAny(t *testing.T) {
	dir := t.TempDir()
	c := run(t, owncast.WithDataDir(dir))
	for path, want := range map[string]string{"/logo": "image/png", "/logo/external": "image/png", "/favicon.ico": "image/x-icon"} {
		h, body := c.picture(path)
		if h.Get("Content-Type") != want || len(body) > 10_000 || h.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s: %d bytes, %v", path, len(body), h)
		}
		if want == "image/png" {
			if _, err := png.Decode(strings.NewReader(body)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if code, h, body := c.exchange("GET", "/customjavascript", "", ""); code != 200 || body != "" || h.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("the script: %d %q %v", code, body, h)
	}
	if code, h, body := c.exchange("GET", "/api/emoji", "", ""); code != 200 || body != "[]" || h.Get("Cache-Control") != "public, max-age=0" {
		t.Errorf("the emoji: %d %q %v", code, body, h)
	}
	for _, name := range []string{"assets", "public"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made without a need: %v", name, err)
		}
	}
}

func TestAdministratorsChangeTheLogo(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const at = "/api/admin/config/logo"
	before, _ := c.picture("/logo")

	if code, body := c.post(at, jsonOf(t, "value", dataURL("image/png", pngOf(t, 30)))); code != 200 || body != `{"success":true,"message":"changed"}`+"\n" {
		t.Fatalf("%d %s", code, body)
	}
	h, body := c.picture("/logo")
	if h.Get("Content-Type") != "image/png" || h.Get("ETag") == before.Get("ETag") || body == "" {
		t.Errorf("%v", h)
	}
	id := strings.Trim(h.Get("ETag"), `"`)
	if h, _ := c.picture("/logo?v=" + id); h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("with its id: %v", h)
	}
	if code, _, part := c.exchange("GET", "/logo", "", "", "Range", "bytes=1-3"); code != http.StatusPartialContent || part != "PNG" {
		t.Errorf("a range: %d %q", code, part)
	}
	if h, thumbnail := c.picture2("/thumbnail.jpg"); h.Get("Content-Type") != "image/png" || thumbnail != body {
		t.Errorf("the thumbnail of a channel that is offline: %v", h)
	}

	// What is sent as a PNG is an SVG document, and stays one.
	if code, body := c.post(at, jsonOf(t, "value", dataURL("image/png", []byte(drawing)))); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if h, body := c.picture("/logo"); h.Get("Content-Type") != "image/svg+xml" || body != drawing {
		t.Errorf("%v %s", h, body)
	}
	if h, _ := c.picture("/logo/external"); h.Get("Content-Type") != "image/png" {
		t.Errorf("for those who cannot draw: %v", h)
	}
	if h, _ := c.picture2("/thumbnail.jpg"); h.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the thumbnail: %v", h)
	}

	if code, body := c.ask("DELETE", at, "p", ""); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if h, _ := c.picture("/logo"); h.Get("ETag") != before.Get("ETag") {
		t.Errorf("after the reset: %v", h)
	}
}

// picture2 gets a picture that has no policy of its own.
func (c *channel) picture2(path string) (http.Header, string) {
	c.t.Helper()
	code, h, body := c.exchange("GET", path, "", "")
	if code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, code, body)
	}
	return h, body
}

func TestALogoThatIsNoneChangesNothing(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const at = "/api/admin/config/logo"
	if code, body := c.post(at, jsonOf(t, "value", dataURL("image/png", pngOf(t, 30)))); code != 200 {
		t.Fatal(body)
	}
	if _, body := c.ask("GET", "/api/admin/serverconfig", "p", ""); !strings.Contains(body, `"logo":"logo.png"`) {
		t.Errorf("serverconfig: %s", body)
	}
	before, _ := c.picture("/logo")
	tests := []struct {
		name  string
		value any
		code  int
		text  string
	}{
		{"nothing", nil, 400, "unable to find image data"},
		{"a number", 3, 400, "unable to find image data"},
		{"an object", map[string]any{"x": 1}, 400, "unable to find image data"},
		{"an empty string", "", 400, "unable to find image data"},
		{"no data URL", "hello", 400, "error splitting base64 image data"},
		{"a URL", "https://x.example/a,b.png", 400, "error splitting base64 image header"},
		{"another media type", dataURL("text/html", []byte("<b>")), 400, "missing or invalid contentType in base64 image"},
		{"wrong padding", "data:image/png;base64,aGk", 400, "the image data is not base64"},
		{"text", dataURL("image/png", []byte("hello")), 400, "not a picture of an accepted type"},
		{"an SVG document in gzip", dataURL("image/svg+xml", []byte("\x1f\x8b\x08\x00\x00")), 400, "not a picture of an accepted type"},
		{"a page", dataURL("image/svg+xml", []byte("<!doctype html><script>alert(1)</script>")), 400, "not a picture of an accepted type"},
		{"half a PNG", dataURL("image/png", pngOf(t, 30)[:60]), 400, "the picture is damaged"},
		{"an entity", dataURL("image/svg+xml", []byte(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>`)), 400, "declares entities"},
		{"many pixels", dataURL("image/png", pngOf(t, 2100)), 400, "the picture has 4410000 pixels, more than 4194304"},
		{"many frames", dataURL("image/gif", gifOf(t, 301)), 400, "the picture has 301 frames, more than 300"},
		{"many bytes", dataURL("image/png", append(pngOf(t, 30), make([]byte, 2<<20)...)), 413, "bytes, more than 2097152"},
		{"huge base64", "data:image/png;base64," + strings.Repeat("A", 8<<20), 413, "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if code, body := c.post(at, jsonOf(t, "value", tt.value)); code != tt.code || !strings.Contains(body, tt.text) || strings.Contains(body, `"success":true`) {
				t.Errorf("%d %.200s, want %d with %q", code, body, tt.code, tt.text)
			}
		})
	}
	if after, _ := c.picture("/logo"); after.Get("ETag") != before.Get("ETag") {
		t.Error("the logo is another one")
	}
}

func TestAdministratorsChangeTheFavicon(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const at = "/api/admin/config/favicon"
	form := func(field string, data []byte) (string, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("other", "x.png")
		if err == nil {
			_, err = part.Write([]byte("x"))
		}
		if err == nil {
			part, err = w.CreateFormFile(field, "../../favicon.ico")
		}
		if err == nil {
			_, err = part.Write(data)
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return w.FormDataContentType(), b.String()
	}
	_, icon := c.picture("/favicon.ico")
	tests := []struct {
		name  string
		field string // "" for a data URL
		data  []byte
		code  int
		text  string
	}{
		{"a PNG in a form", "favicon", pngOf(t, 16), 200, "favicon updated"},
		{"an icon in a form", "favicon", []byte(icon), 200, "favicon updated"},
		{"a PNG as a data URL", "", pngOf(t, 32), 200, "favicon updated"},
		{"another field", "logo", pngOf(t, 16), 400, "no file provided"},
		{"an empty file", "favicon", nil, 400, "no file provided"},
		{"SVG", "favicon", []byte(drawing), 400, "favicon must be PNG or ICO format"},
		{"a GIF as a data URL", "", gifOf(t, 1), 400, "favicon must be PNG or ICO format"},
		{"a large one", "favicon", append(pngOf(t, 16), make([]byte, 200<<10)...), 413, "file too large, max 200KB"},
		{"a far too large one", "favicon", make([]byte, 1<<20), 413, "too large"},
		{"a damaged one", "favicon", []byte(icon)[:30], 400, "damaged"},
	}
	for _, tt := range tests {
		mediaType, body := "application/json", jsonOf(t, "value", dataURL("image/png", tt.data))
		if tt.field != "" {
			mediaType, body = form(tt.field, tt.data)
		}
		if code, answer := c.ask("POST", at, "p", body, "Content-Type", mediaType); code != tt.code || !strings.Contains(answer, tt.text) {
			t.Errorf("%s: %d %.200s, want %d %s", tt.name, code, answer, tt.code, tt.text)
		}
	}
	if h, body := c.picture("/favicon.ico"); h.Get("Content-Type") != "image/png" || body == icon {
		t.Errorf("%v", h)
	}
	for name, body := range map[string]string{"no boundary": "x", "nothing": ""} {
		if code, answer := c.ask("POST", at, "p", body, "Content-Type", "multipart/form-data; boundary=b"); code != 400 {
			t.Errorf("a form with %s: %d %s", name, code, answer)
		}
	}
	if code, answer := c.ask("POST", at, "p", "{}", "Content-Type", "application/json"); code != 400 || !strings.Contains(answer, "no file provided") {
		t.Errorf("%d %s", code, answer)
	}
	if code, answer := c.ask("DELETE", at, "p", ""); code != 200 {
		t.Errorf("%d %s", code, answer)
	}
	if _, body := c.picture("/favicon.ico"); body != icon {
		t.Error("the icon is not the first one again")
	}
}

func TestAdministratorsAddAndRemoveEmoji(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	const upload, remove = "/api/admin/emoji/upload", "/api/admin/emoji/delete"
	wave := dataURL("image/png", pngOf(t, 20))
	tests := []struct {
		path, name, data string
		code             int
		text             string
	}{
		{upload, "wave.png", "", 400, `"data field is required"`},
		{upload, "", wave, 400, `"name field is required"`},
		{upload, "wave", "hello", 400, `"error splitting base64 image data"`},
		{upload, "wave", "hello,x", 400, `"error splitting base64 image header"`},
		{upload, "wave", dataURL("text/plain", nil), 400, `"missing or invalid contentType in base64 image"`},
		{upload, "wave", dataURL("image/png", []byte("x")), 400, "not a picture"},
		{upload, "../wave", wave, 400, "Emoji name is not valid"},
		{upload, "wave\x00", wave, 400, "Emoji name is not valid"},
		{upload, "con", wave, 400, "Emoji name is not valid"},
		{upload, strings.Repeat("x", 4096), wave, 400, "Emoji name is not valid"},
		{upload, "Wave.png", wave, 200, `"Emoji \"Wave.png\" has been uploaded"`},
		{upload, "wave", wave, 400, `"An emoji with the name \"wave\" already exists"`},
		{upload, "dance", dataURL("image/gif", gifOf(t, 3)), 200, "has been uploaded"},
		{upload, "logo", dataURL("image/svg+xml", []byte(drawing)), 200, "has been uploaded"},
		{upload, "big", dataURL("image/png", append(pngOf(t, 20), make([]byte, 513<<10)...)), 413, "bytes"},
		{remove, "", "", 400, `"name field is required"`},
		{remove, "../../owncast.db", "", 400, `"Emoji path is not valid"`},
		{remove, "..%2fowncast.db", "", 400, `"Emoji path is not valid"`},
		{remove, `..\owncast.db`, "", 400, `"Emoji path is not valid"`},
		{remove, "/etc/passwd", "", 400, `"Emoji path is not valid"`},
		{remove, "nobody", "", 400, `"Emoji \"nobody\" doesn't exist"`},
		{remove, "logo.svg", "", 200, `"Emoji \"logo.svg\" has been deleted"`},
		{remove, "logo.svg", "", 400, `doesn't exist`},
	}
	for _, tt := range tests {
		if code, body := c.post(tt.path, jsonOf(t, "name", tt.name, "data", tt.data)); code != tt.code || !strings.Contains(body, tt.text) {
			t.Errorf("%s %.40q: %d %.200s, want %d %s", tt.path, tt.name, code, body, tt.code, tt.text)
		}
	}
	if code, body := c.post(upload, `{"name":3,"data":"x"}`); code != 400 || !strings.Contains(body, `field \"name\"`) {
		t.Errorf("a number for a name: %d %s", code, body)
	}
	const want = `[{"name":"dance","url":"/img/emoji/dance.gif"},{"name":"Wave","url":"/img/emoji/Wave.png"}]`
	code, h, body := c.exchange("GET", "/api/emoji", "", "")
	if code != 200 || body != want {
		t.Errorf("%d %s", code, body)
	}
	if code, _, _ := c.exchange("GET", "/api/emoji", "", "", "If-None-Match", h.Get("ETag")); code != http.StatusNotModified {
		t.Errorf("with its ETag: %d", code)
	}
	if h, _ := c.picture("/img/emoji/dance.gif"); h.Get("Content-Type") != "image/gif" {
		t.Errorf("%v", h)
	}
	for _, path := range []string{
		"", "Wave", "Wave.gif", "wave.png.png", "logo.svg", "..%2f..%2fowncast.db", "%2e%2e/owncast.db", "..%5cowncast.db", "%00", "Wave.png%00", "con",
		strings.Repeat("x", 4096), "a/b.png", ".", "%2e",
	} {
		if code, _, body := c.exchange("GET", "/img/emoji/"+path, "", ""); code != http.StatusNotFound {
			t.Errorf("/img/emoji/%.40s: %d %.60s", path, code, body)
		}
	}
}
