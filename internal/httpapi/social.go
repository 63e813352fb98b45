package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// socialPlatform is a place elsewhere that a channel can link to.
type socialPlatform struct {
	id    string
	name  string
	glyph string // one or two characters for the icon
}

// knownPlatforms are the ones that clients of such servers know.
func knownPlatforms() []socialPlatform {
	return []socialPlatform{
		{"bandcamp", "Bandcamp", "Bc"},
		{"bluesky", "Bluesky", "Bs"},
		{"discord", "Discord", "D"},
		{"donate", "Donate", "♥"},
		{"facebook", "Facebook", "F"},
		{"fediverse", "Fediverse", "@"},
		{"follow", "Follow", "+"},
		{"github", "GitHub", "Gh"},
		{"gitlab", "GitLab", "Gl"},
		{"instagram", "Instagram", "Ig"},
		{"keyoxide", "Keyoxide", "Ko"},
		{"kofi", "Ko-Fi", "Kf"},
		{"lbry", "LBRY", "Lb"},
		{"liberapay", "Liberapay", "Lp"},
		{"linkedin", "LinkedIn", "In"},
		{"mastodon", "Mastodon", "M"},
		{"matrix", "Matrix", "[m]"},
		{"odysee", "Odysee", "Od"},
		{"patreon", "Patreon", "P"},
		{"paypal", "PayPal", "Pp"},
		{"peertube", "PeerTube", "Pt"},
		{"snapchat", "Snapchat", "Sn"},
		{"soundcloud", "SoundCloud", "Sc"},
		{"spotify", "Spotify", "Sp"},
		{"steam", "Steam", "St"},
		{"tiktok", "TikTok", "Tk"},
		{"twitch", "Twitch", "Tw"},
		{"twitter", "X", "X"},
		{"xmpp", "XMPP", "Xm"},
		{"youtube", "YouTube", "Yt"},
	}
}

// PlatformName is what the platform of a [SocialHandle] is called.
func PlatformName(id string) string {
	for _, p := range knownPlatforms() {
		if p.id == id {
			return p.name
		}
	}
	return id
}

type socialPlatformBody struct {
	Platform string `json:"platform"`
	Icon     string `json:"icon"`
}

func (a *api) socialPlatforms(w http.ResponseWriter, r *http.Request) error {
	mount := a.mountPath(r)
	body := map[string]socialPlatformBody{}
	for _, p := range knownPlatforms() {
		body[p.id] = socialPlatformBody{Platform: p.name, Icon: platformIconURL(mount, p.id)}
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return httpx.JSON(w, http.StatusOK, body)
}

// platformIconURL is where the icon of a platform is, below the path of the
// App.
func platformIconURL(mount, id string) string { return mount + "/img/platformlogos/" + id + ".svg" }

// platformIcon is a badge with letters, the same for all: the marks of the
// platforms are theirs.
const platformIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><title>%s</title>` +
	`<circle cx="16" cy="16" r="16" fill="#5b6270"/>` +
	`<text x="16" y="16" dy=".36em" text-anchor="middle" font-family="system-ui,sans-serif" font-size="%d" font-weight="600" fill="#fff">%s</text></svg>`

func (a *api) platformLogo(w http.ResponseWriter, r *http.Request) error {
	id, ok := strings.CutSuffix(r.PathValue("file"), ".svg")
	for _, p := range knownPlatforms() {
		if !ok || p.id != id {
			continue
		}
		size := 18 - 4*(len([]rune(p.glyph))-1)
		h := w.Header()
		h.Set("Content-Type", "image/svg+xml")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", picturePolicy)
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("ETag", `"`+p.id+"-"+a.Version+`"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(fmt.Sprintf(platformIcon, p.name, size, p.glyph)))
		return nil
	}
	return httpx.ErrNotFound
}
