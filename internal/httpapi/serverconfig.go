package httpapi

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/webhooks"
)

// serverConfigBody is the answer of /api/admin/serverconfig: every setting, and
// of the secrets only the stream keys. ReadOnly is ours: the fields that
// options have fixed, as their path in this answer. So are Configured, which is
// false until somebody has said what the channel is, and Parts.
type serverConfigBody struct {
	Configured      bool                `json:"configured"`
	Parts           partsBody           `json:"parts"`
	InstanceDetails instanceBody        `json:"instanceDetails"`
	VideoSettings   videoSettingsBody   `json:"videoSettings"`
	Notifications   webhooks.Settings   `json:"notifications"`
	Federation      adminFederationBody `json:"federation"`
	Schedule        adminScheduleBody   `json:"schedule"`
	YP              ypSettingsBody      `json:"yp"`
	S3              S3Settings          `json:"s3"`
	ExternalActions []ExternalAction    `json:"externalActions"`
	StreamKeys      []auth.StreamKey    `json:"streamKeys"`
	ReadOnly        []string            `json:"readOnly"`
	SupportedCodecs []string            `json:"supportedCodecs"`
	chatSettingsBody
	serverSettingsBody
}

// partsBody says what this server has, for pages to show no more than that.
type partsBody struct {
	Chat       bool `json:"chat"`
	Federation bool `json:"federation"`
	Push       bool `json:"push"`
	Schedule   bool `json:"schedule"`
	S3         bool `json:"s3"`
	Recordings bool `json:"recordings"`
	Transcoder bool `json:"transcoder"`
	Hardware   bool `json:"hardware"`
	Geo        bool `json:"geo"`
	Prometheus bool `json:"prometheus"`
	Backup     bool `json:"backup"`
	Password   bool `json:"password"` // administrators sign in with one
}

func (a *api) partsBody() partsBody {
	_, password := a.Admin.(signer)
	p := a.Parts
	return partsBody{
		Chat: p.Chat, Federation: p.Federation, Push: a.Push != nil, Schedule: p.Schedule, S3: p.S3,
		Recordings: a.Recordings != nil, Transcoder: p.Transcoder, Hardware: p.Hardware, Geo: p.Geo,
		Prometheus: a.Prometheus != nil, Backup: a.Snapshot != nil, Password: password,
	}
}

type serverSettingsBody struct {
	FFmpegPath            string `json:"ffmpegPath"`    // "": it is the program's
	AdminPassword         string `json:"adminPassword"` // always ""
	SocketHostOverride    string `json:"socketHostOverride"`
	WebServerIP           string `json:"webServerIP"`
	WebServerPort         int    `json:"webServerPort"`
	RTMPServerAddress     string `json:"rtmpServerAddress"`
	RTMPServerPort        int    `json:"rtmpServerPort"`
	VideoCodec            string `json:"videoCodec"`
	VideoServingEndpoint  string `json:"videoServingEndpoint"`
	DisableSearchIndexing bool   `json:"disableSearchIndexing"`
	StreamKeyOverridden   bool   `json:"streamKeyOverridden"`
	HideViewerCount       bool   `json:"hideViewerCount"`
}

type chatSettingsBody struct {
	ForbiddenUsernames    []string `json:"forbiddenUsernames"`
	SuggestedUsernames    []string `json:"suggestedUsernames"`
	Disabled              bool     `json:"chatDisabled"`
	JoinMessages          bool     `json:"chatJoinMessagesEnabled"`
	EstablishedOnly       bool     `json:"chatEstablishedUserMode"`
	SpamProtection        bool     `json:"chatSpamProtectionEnabled"`
	SlurFilter            bool     `json:"chatSlurFilterEnabled"`
	RequireAuthentication bool     `json:"chatRequireAuthentication"`

	BlockedWords       []string    `json:"chatBlockedWords"`
	BlockedLanguages   []string    `json:"chatBlockedLanguages"`
	AvailableLanguages []string    `json:"chatAvailableLanguages"`
	HoldWords          []string    `json:"chatHoldWords"`
	HoldLinks          bool        `json:"chatHoldLinks"`
	HoldFirst          bool        `json:"chatHoldFirst"`
	SlowMode           int         `json:"chatSlowMode"`
	HistorySize        int         `json:"chatHistorySize"`
	RetentionHours     int         `json:"chatRetentionHours"`
	Limits             chat.Limits `json:"chatLimits"`
}

type instanceBody struct {
	Name                string            `json:"name"`
	Summary             string            `json:"summary"`
	StreamTitle         string            `json:"streamTitle"`
	WelcomeMessage      string            `json:"welcomeMessage"`
	OfflineMessage      string            `json:"offlineMessage"`
	ExtraPageContent    string            `json:"extraPageContent"`
	Logo                string            `json:"logo"`    // a file name; "" for the built-in one
	Version             string            `json:"version"` // always ""
	Tags                []string          `json:"tags"`
	SocialHandles       []handleBody      `json:"socialHandles"`
	NSFW                bool              `json:"nsfw"`
	Autoplay            string            `json:"autoplay"`
	CustomStyles        string            `json:"customStyles"`
	CustomJavaScript    string            `json:"customJavascript"`
	AppearanceVariables map[string]string `json:"appearanceVariables"`
}

// handleBody is a SocialHandle for clients.
type handleBody struct {
	Platform string `json:"platform"`
	URL      string `json:"url"`
	Icon     string `json:"icon"` // a URL; "" if there is none, or where nobody shows it
}

func handles(list []SocialHandle) []handleBody {
	body := make([]handleBody, 0, len(list))
	for _, h := range list {
		body = append(body, handleBody{Platform: h.Platform, URL: h.URL})
	}
	return body
}

// handlesWithIcons are handles with the icons of the platforms that are known.
// mount is the path of the App.
func handlesWithIcons(list []SocialHandle, mount string) []handleBody {
	body := handles(list)
	known := knownPlatforms()
	for i := range body {
		id := strings.ToLower(body[i].Platform)
		if slices.ContainsFunc(known, func(p socialPlatform) bool { return p.id == id }) {
			body[i].Icon = platformIconURL(mount, id)
		}
	}
	return body
}

type videoSettingsBody struct {
	VideoQualityVariants []outputSettingBody `json:"videoQualityVariants"`
	LatencyLevel         int                 `json:"latencyLevel"`
}

type adminFederationBody struct {
	Enabled        bool     `json:"enabled"`
	Username       string   `json:"username"`
	IsPrivate      bool     `json:"isPrivate"`
	GoLiveMessage  string   `json:"goLiveMessage"`
	ShowEngagement bool     `json:"showEngagement"`
	EnableQuotes   bool     `json:"enableQuotes"`
	HideFollowers  bool     `json:"hideFollowersTab"`
	BlockedDomains []string `json:"blockedDomains"`
}

type adminScheduleBody struct {
	Enabled         bool   `json:"enabled"`
	ReminderMessage string `json:"reminderMessage"`
	FirstReminder   int    `json:"firstReminderMinutes"`
	SecondReminder  int    `json:"secondReminderMinutes"`
	ShowCountdown   bool   `json:"showCountdown"`
	ChatOpenMinutes int    `json:"chatOpenMinutesBefore"`
}

type ypSettingsBody struct {
	Enabled     bool   `json:"enabled"`
	InstanceURL string `json:"instanceUrl"`
}

func (a *api) adminServerConfig(w http.ResponseWriter, r *http.Request) error {
	ctx, s := r.Context(), a.Settings
	instance, err := s.Instance.Get(ctx)
	if err != nil {
		return err
	}
	v, err := s.Video.Get(ctx)
	if err != nil {
		return err
	}
	c, err := s.Chat.Get(ctx)
	if err != nil {
		return err
	}
	configured, err := s.Instance.Stored(ctx)
	if err != nil {
		return err
	}
	b := &serverConfigBody{
		Configured: configured, Parts: a.partsBody(),
		InstanceDetails: adminInstance(instance, c), chatSettingsBody: adminChat(c),
		ExternalActions: instance.ExternalActions, YP: ypSettingsBody{InstanceURL: instance.ServerURL},
		VideoSettings: videoSettingsBody{variantBodies(v.Ladder), v.LatencyLevel},
		ReadOnly:      append(s.readOnly(), a.ReadOnly...),
		serverSettingsBody: serverSettingsBody{
			SocketHostOverride: instance.SocketHostOverride, DisableSearchIndexing: instance.DisableSearchIndexing,
			HideViewerCount: instance.HideViewerCount, VideoServingEndpoint: v.ServingEndpoint,
			StreamKeyOverridden: len(s.StreamKeys.ReadOnly()) > 0,
		},
	}
	b.VideoCodec, b.SupportedCodecs = a.encoder(ctx, v.Codec)
	if local, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); ok {
		b.WebServerIP, b.WebServerPort = hostPort(local)
	}
	if a.RTMPAddr != nil {
		b.RTMPServerAddress, b.RTMPServerPort = hostPort(a.RTMPAddr())
	}
	logo, err := a.Assets.LogoFile(ctx)
	if err != nil {
		return err
	}
	if logo.ID != "" {
		b.InstanceDetails.Logo = "logo" + logo.Format.Ext()
	}
	if err := a.adminParts(ctx, b); err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, b)
}

// adminParts adds the sections of the parts.
func (a *api) adminParts(ctx context.Context, b *serverConfigBody) (err error) {
	s := a.Settings
	if b.StreamKeys, err = s.StreamKeys.Get(ctx); err != nil {
		return err
	}
	b.StreamKeys = append([]auth.StreamKey{}, b.StreamKeys...)
	if b.Notifications, err = s.Notifications.Get(ctx); err != nil {
		return err
	}
	b.Notifications.Discord.Webhook = ""
	yp, err := s.Directory.Get(ctx)
	if err != nil {
		return err
	}
	b.YP.Enabled = yp.Enabled
	f, err := s.Federation.Get(ctx)
	if err != nil {
		return err
	}
	b.Federation = adminFederationBody{
		Enabled: f.Enabled, Username: f.Username, IsPrivate: f.Private, GoLiveMessage: f.GoLiveMessage,
		ShowEngagement: f.ShowEngagement, EnableQuotes: f.AllowQuotes, HideFollowers: f.HideFollowers,
		BlockedDomains: f.BlockedDomains,
	}
	plan, err := s.Schedule.Get(ctx)
	if err != nil {
		return err
	}
	b.Schedule = scheduleSettings(plan)
	if a.Parts.S3 {
		if b.S3, err = s.S3.Get(ctx); err != nil {
			return err
		}
		b.S3.Secret = ""
	}
	return nil
}

func adminInstance(i Instance, c chat.Settings) instanceBody {
	return instanceBody{
		Name: i.Name, Summary: i.Summary, StreamTitle: i.StreamTitle, WelcomeMessage: c.WelcomeMessage,
		OfflineMessage: i.OfflineMessage, ExtraPageContent: i.ExtraPageContent,
		Tags: i.Tags, SocialHandles: handles(i.SocialHandles), NSFW: i.NSFW, Autoplay: i.Autoplay,
		CustomStyles: i.CustomStyles, CustomJavaScript: i.CustomJavaScript, AppearanceVariables: variables(i),
	}
}

// variables never is null.
func variables(i Instance) map[string]string {
	if i.AppearanceVariables == nil {
		return map[string]string{}
	}
	return i.AppearanceVariables
}

func adminChat(c chat.Settings) chatSettingsBody {
	return chatSettingsBody{
		ForbiddenUsernames: c.ForbiddenNames, SuggestedUsernames: c.SuggestedNames,
		Disabled: c.Disabled, JoinMessages: c.JoinMessages, EstablishedOnly: c.EstablishedOnly,
		SpamProtection: c.SpamProtection, SlurFilter: c.SlurFilter, RequireAuthentication: c.RequireAuthentication,
		BlockedWords: c.BlockedWords, BlockedLanguages: c.BlockedLanguages, AvailableLanguages: chat.Languages(),
		HoldWords: c.HoldWords, HoldLinks: c.HoldLinks, HoldFirst: c.HoldFirst, SlowMode: c.SlowMode,
		HistorySize: c.HistorySize, RetentionHours: c.RetentionHours, Limits: c.Limits,
	}
}

func scheduleSettings(s schedule.Settings) adminScheduleBody {
	return adminScheduleBody{
		Enabled: s.Enabled, ReminderMessage: s.ReminderMessage, FirstReminder: s.FirstReminder,
		SecondReminder: s.SecondReminder, ShowCountdown: s.ShowCountdown, ChatOpenMinutes: s.ChatOpenMinutes,
	}
}

// hostPort are the parts of the address of a listener, if it has them.
func hostPort(addr net.Addr) (string, int) {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp != nil {
		return tcp.IP.String(), tcp.Port
	}
	return "", 0
}
