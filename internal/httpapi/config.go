package httpapi

import (
	"html"
	"net/http"
	"sync"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/httpx"
)

// maxSocketPayload is how long a message of a chat client may be, in bytes.
const maxSocketPayload = chat.MaxMessage

// Parts are those that an App may have or not. What is not there is shown as
// switched off, whatever the settings say.
type Parts struct {
	Chat, Federation, Schedule, S3 bool
	Transcoder, Hardware, Geo      bool
}

// configBody is the answer of /api/config.
type configBody struct {
	Name                string             `json:"name"`
	Summary             string             `json:"summary"`
	StreamTitle         string             `json:"streamTitle,omitempty"`
	OfflineMessage      string             `json:"offlineMessage"`   // HTML
	ExtraPageContent    string             `json:"extraPageContent"` // HTML
	Logo                string             `json:"logo"`
	Version             string             `json:"version"`
	Tags                []string           `json:"tags"`
	SocialHandles       []handleBody       `json:"socialHandles"`
	ExternalActions     []ExternalAction   `json:"externalActions"`
	NSFW                bool               `json:"nsfw"`
	Autoplay            string             `json:"autoplay"`
	CustomStyles        string             `json:"customStyles"`
	AppearanceVariables map[string]string  `json:"appearanceVariables"`
	HideViewerCount     bool               `json:"hideViewerCount"`
	SocketHostOverride  string             `json:"socketHostOverride,omitempty"`
	MaxSocketPayload    int                `json:"maxSocketPayloadSize"`
	ChatDisabled        bool               `json:"chatDisabled"`
	ChatRequireAuth     bool               `json:"chatRequireAuthentication"`
	ChatSpamUnprotected bool               `json:"chatSpamProtectionDisabled"`
	ChatSlowMode        int                `json:"chatSlowMode"` // seconds between two messages of one user
	Notifications       notificationsBody  `json:"notifications"`
	Federation          federationBody     `json:"federation"`
	Authentication      authenticationBody `json:"authentication"`
	Schedule            scheduleBody       `json:"schedule"`
	Recordings          bool               `json:"recordings"` // whether any can be there
}

type notificationsBody struct {
	Browser browserBody `json:"browser"`
}

type browserBody struct {
	Enabled   bool   `json:"enabled"`
	PublicKey string `json:"publicKey,omitempty"`
}

type federationBody struct {
	Enabled       bool   `json:"enabled"`
	Account       string `json:"account,omitempty"` // user@host; "" as long as there is none
	FollowerCount int    `json:"followerCount,omitempty"`
	HideFollowers bool   `json:"hideFollowersTab,omitempty"`
}

type authenticationBody struct {
	IndieAuthEnabled bool `json:"indieAuthEnabled"`
	SiteUsers        bool `json:"siteUsers"` // the site around the App may know who somebody is
}

type scheduleBody struct {
	Enabled         bool `json:"enabled"`
	ShowCountdown   bool `json:"showCountdown"`
	ChatOpenMinutes int  `json:"chatOpenMinutesBefore"`
}

func (a *api) config(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	i, err := a.Settings.Instance.Peek(ctx)
	if err != nil {
		return err
	}
	c, err := a.Settings.Chat.Peek(ctx)
	if err != nil {
		return err
	}
	plan, err := a.Settings.Schedule.Peek(ctx)
	if err != nil {
		return err
	}
	body := configBody{
		Name: i.Name, Summary: i.Summary, StreamTitle: i.StreamTitle,
		OfflineMessage: a.offline.render(a.Render, i.OfflineMessage), ExtraPageContent: a.page.render(a.Render, i.ExtraPageContent),
		Logo: a.BasePath + "/logo", Version: "Owncast v" + a.Version,
		Tags: i.Tags, SocialHandles: handlesWithIcons(i.SocialHandles, a.mountPath(r)), ExternalActions: i.ExternalActions,
		NSFW: i.NSFW, Autoplay: i.Autoplay, CustomStyles: i.CustomStyles, AppearanceVariables: variables(i),
		HideViewerCount: i.HideViewerCount, SocketHostOverride: i.SocketHostOverride, MaxSocketPayload: maxSocketPayload,
		ChatDisabled: c.Disabled || !a.Parts.Chat, ChatRequireAuth: c.RequireAuthentication, ChatSpamUnprotected: !c.SpamProtection,
		ChatSlowMode: c.SlowMode,
		Recordings:   a.Recordings != nil,
	}
	root, err := a.publicRoot(ctx)
	if err != nil {
		return err
	}
	body.Authentication = authenticationBody{IndieAuthEnabled: root != "", SiteUsers: a.ChatUsers != nil}
	if body.Federation, err = a.federation(ctx, i); err != nil {
		return err
	}
	if a.Parts.Schedule && plan.Enabled {
		body.Schedule = scheduleBody{true, plan.ShowCountdown, plan.ChatOpenMinutes}
	}
	if body.Notifications.Browser, err = a.browserPush(ctx); err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return httpx.JSON(w, http.StatusOK, body)
}

// rendered keeps what was rendered last, since everybody asks for it and hardly
// anybody changes it.
type rendered struct {
	mu           sync.Mutex // guards the rest
	source, html string
}

// render makes HTML that is safe of Markdown, or at least of text.
func (c *rendered) render(render func(string) string, source string) string {
	if render == nil {
		return html.EscapeString(source)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if source != c.source {
		c.html = render(source)
		c.source = source
	}
	return c.html
}

// ypBody is the answer of /api/yp, which the directory reads.
type ypBody struct {
	LastConnectTime       *time.Time   `json:"lastConnectTime"`
	Name                  string       `json:"name"`
	Description           string       `json:"description"`
	StreamTitle           string       `json:"streamTitle,omitempty"`
	Logo                  string       `json:"logo"`
	Tags                  []string     `json:"tags"`
	Social                []handleBody `json:"social"`
	ViewerCount           int          `json:"viewerCount"`
	OverallMaxViewerCount int          `json:"overallMaxViewerCount"`
	SessionMaxViewerCount int          `json:"sessionMaxViewerCount"`
	NSFW                  bool         `json:"nsfw"`
	Online                bool         `json:"online"`
}

func (a *api) yp(w http.ResponseWriter, r *http.Request) error {
	listed, err := a.Settings.Directory.Peek(r.Context())
	if err != nil {
		return err
	}
	if !listed.Enabled {
		return httpx.ErrNotFound
	}
	i, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	s := a.Status.Status()
	body := ypBody{
		LastConnectTime: seconds(s.StartedAt, s.Online()), Online: s.Online(),
		Name: i.Name, Description: i.Summary, StreamTitle: i.StreamTitle, Logo: a.BasePath + "/logo",
		Tags: i.Tags, Social: handles(i.SocialHandles), NSFW: i.NSFW,
	}
	if !i.HideViewerCount {
		n := a.Audience.Count()
		body.ViewerCount, body.OverallMaxViewerCount, body.SessionMaxViewerCount = n.Now, n.Peak, n.SessionPeak
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminResetYP(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Settings.Directory.Update(r.Context(), func(d *directory.Settings) error {
		d.Key = ""
		return nil
	}); err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "reset"})
}
