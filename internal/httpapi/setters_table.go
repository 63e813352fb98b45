package httpapi

import (
	"math"
	"slices"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/webhooks"
)

// setters are all of /api/admin/config/, but for those that take files.
func setters() []setter {
	return slices.Concat(
		serverSetters(), instanceSetters(), pageSetters(), videoSetters(), chatSetters(),
		federationSetters(), notificationSetters(), scheduleSetters(),
	)
}

func serverSetters() []setter {
	return []setter{
		{"adminpass", maxValueBody, setAdminPassword, "changed"},
		{"streamkeys", maxTextBody, setStreamKeys, "changed"},
		{"serverurl", maxValueBody, set(instanceOf, fieldServerURL, of(func(i *Instance, v string) { i.ServerURL = v })), "server url set"},
		{"sockethostoverride", maxValueBody, set(instanceOf, "socketHostOverride", of(func(i *Instance, v string) { i.SocketHostOverride = v })), "websocket host override set"},
		{"directoryenabled", maxValueBody, set(directoryOf, "yp.enabled", of(func(d *directory.Settings, v bool) { d.Enabled = v })), "directory state changed"},
		{"s3", maxValueBody, setS3, "storage configuration changed"},
		{"ffmpegpath", maxValueBody, fixed("ffmpegPath"), ""},
		{"webserverport", maxValueBody, fixed("webServerPort"), ""},
		{"webserverip", maxValueBody, fixed("webServerIP"), ""},
		{"rtmpserverport", maxValueBody, fixed("rtmpServerPort"), ""},
		{"rtmpserverbindaddress", maxValueBody, fixed("rtmpServerAddress"), ""},
	}
}

func instanceSetters() []setter {
	return []setter{
		{"name", maxValueBody, set(instanceOf, "instanceDetails.name", of(func(i *Instance, v string) { i.Name = v })), "changed"},
		{"serversummary", maxValueBody, set(instanceOf, "instanceDetails.summary", of(func(i *Instance, v string) { i.Summary = v })), "changed"},
		{"streamtitle", maxValueBody, set(instanceOf, "instanceDetails.streamTitle", of(func(i *Instance, v string) { i.StreamTitle = v })), "changed"},
		{"tags", maxValueBody, set(instanceOf, "instanceDetails.tags", of(func(i *Instance, v []string) { i.Tags = v })), "changed"},
		{"nsfw", maxValueBody, set(instanceOf, "instanceDetails.nsfw", of(func(i *Instance, v bool) { i.NSFW = v })), "changed"},
		{"autoplay", maxValueBody, set(instanceOf, "instanceDetails.autoplay", of(func(i *Instance, v string) { i.Autoplay = v })), "changed"},
		{"socialhandles", maxListBody, set(instanceOf, "instanceDetails.socialHandles", of(func(i *Instance, v []SocialHandle) { i.SocialHandles = v })), "social handles updated"},
		{"hideviewercount", maxValueBody, set(instanceOf, "hideViewerCount", of(func(i *Instance, v bool) { i.HideViewerCount = v })), "hide viewer count setting updated"},
		{"disablesearchindexing", maxValueBody, set(instanceOf, "disableSearchIndexing", of(func(i *Instance, v bool) { i.DisableSearchIndexing = v })), "search indexing support updated"},
	}
}

func pageSetters() []setter {
	return []setter{
		{"pagecontent", maxTextBody, set(instanceOf, "instanceDetails.extraPageContent", of(func(i *Instance, v string) { i.ExtraPageContent = v })), "changed"},
		{"offlinemessage", maxTextBody, set(instanceOf, "instanceDetails.offlineMessage", of(func(i *Instance, v string) { i.OfflineMessage = v })), "changed"},
		{"appearance", maxValueBody, set(instanceOf, "instanceDetails.appearanceVariables", of(func(i *Instance, v map[string]string) { i.AppearanceVariables = v })), "custom appearance variables updated"},
		{"externalactions", maxTextBody, set(instanceOf, "externalActions", of(func(i *Instance, v []ExternalAction) { i.ExternalActions = v })), "external actions update"},
		{"customstyles", maxTextBody, set(instanceOf, "instanceDetails.customStyles", of(func(i *Instance, v string) { i.CustomStyles = v })), "custom styles updated"},
		{"customjavascript", maxTextBody, set(instanceOf, "instanceDetails.customJavascript", of(func(i *Instance, v string) { i.CustomJavaScript = v })), "custom styles updated"}, // sic
	}
}

func videoSetters() []setter {
	return []setter{
		{"video/codec", maxValueBody, setCodec, "video codec updated"},
		{"video/streamlatencylevel", maxValueBody, set(videoOf, fieldLatencyLevel, setLatencyLevel), "set stream latency"},
		{"video/streamoutputvariants", maxValueBody, setStreamVariants, "stream output variants updated"},
		{"videoservingendpoint", maxValueBody, set(videoOf, "videoServingEndpoint", of(func(s *VideoSettings, v string) { s.ServingEndpoint = v })), "custom video serving endpoint updated"},
	}
}

// setLatencyLevel takes what reads as the safest level for that, and refuses
// other numbers that are no level.
func setLatencyLevel(s *VideoSettings, v float64) error {
	level := math.Min(v, maxLatencyLevel)
	if level != math.Trunc(level) || level < 0 {
		return wrong("value", "must be a whole number from 0 to %d", maxLatencyLevel)
	}
	s.LatencyLevel = int(level)
	return nil
}

func chatSetters() []setter {
	return []setter{
		{"welcomemessage", maxValueBody, set(chatOf, "instanceDetails.welcomeMessage", of(func(c *chat.Settings, v string) { c.WelcomeMessage = v })), "changed"},
		{"chat/disable", maxValueBody, set(chatOf, "chatDisabled", of(func(c *chat.Settings, v bool) { c.Disabled = v })), "chat disabled status updated"},
		{"chat/joinmessagesenabled", maxValueBody, set(chatOf, "chatJoinMessagesEnabled", of(func(c *chat.Settings, v bool) { c.JoinMessages = v })), "chat join message status updated"},
		{"chat/establishedusermode", maxValueBody, set(chatOf, "chatEstablishedUserMode", of(func(c *chat.Settings, v bool) { c.EstablishedOnly = v })), "chat established users only mode updated"},
		{"chat/forbiddenusernames", maxListBody, set(chatOf, "forbiddenUsernames", of(func(c *chat.Settings, v []string) { c.ForbiddenNames = v })), "forbidden username list updated"},
		{"chat/suggestedusernames", maxListBody, set(chatOf, "suggestedUsernames", of(func(c *chat.Settings, v []string) { c.SuggestedNames = v })), "suggested username list updated"},
		{"chat/spamprotectionenabled", maxValueBody, set(chatOf, "chatSpamProtectionEnabled", of(func(c *chat.Settings, v bool) { c.SpamProtection = v })), "chat spam protection changed"},
		{"chat/slurfilterenabled", maxValueBody, set(chatOf, "chatSlurFilterEnabled", of(func(c *chat.Settings, v bool) { c.SlurFilter = v })), "chat message slur filter changed"},
		{"chat/requireauthentication", maxValueBody, set(chatOf, "chatRequireAuthentication", of(func(c *chat.Settings, v bool) { c.RequireAuthentication = v })), "changed"},
		{"chat/blockedwords", maxTextBody, set(chatOf, "chatBlockedWords", of(func(c *chat.Settings, v []string) { c.BlockedWords = v })), "changed"},
		{"chat/blockedlanguages", maxValueBody, set(chatOf, "chatBlockedLanguages", of(func(c *chat.Settings, v []string) { c.BlockedLanguages = v })), "changed"},
		{"chat/holdwords", maxTextBody, set(chatOf, "chatHoldWords", of(func(c *chat.Settings, v []string) { c.HoldWords = v })), "changed"},
		{"chat/holdlinks", maxValueBody, set(chatOf, "chatHoldLinks", of(func(c *chat.Settings, v bool) { c.HoldLinks = v })), "changed"},
		{"chat/holdfirst", maxValueBody, set(chatOf, "chatHoldFirst", of(func(c *chat.Settings, v bool) { c.HoldFirst = v })), "changed"},
		{"chat/slowmode", maxValueBody, set(chatOf, "chatSlowMode", of(func(c *chat.Settings, v int) { c.SlowMode = v })), "changed"},
		{"chat/historysize", maxValueBody, set(chatOf, "chatHistorySize", of(func(c *chat.Settings, v int) { c.HistorySize = v })), "changed"},
		{"chat/retentionhours", maxValueBody, set(chatOf, "chatRetentionHours", of(func(c *chat.Settings, v int) { c.RetentionHours = v })), "changed"},
		{"chat/limits", maxValueBody, set(chatOf, fieldChatLimits, setChatLimits), "changed"},
	}
}

func federationSetters() []setter {
	return []setter{
		{"federation/enable", maxValueBody, set(federationOf, "federation.enabled", of(func(f *federation.Settings, v bool) { f.Enabled = v })), "federation features saved"},
		{"federation/private", maxValueBody, set(federationOf, "federation.isPrivate", of(func(f *federation.Settings, v bool) { f.Private = v })), "federation private saved"},
		{"federation/showengagement", maxValueBody, set(federationOf, "federation.showEngagement", of(func(f *federation.Settings, v bool) { f.ShowEngagement = v })), "federation show engagement saved"},
		{"federation/enablequotes", maxValueBody, set(federationOf, "federation.enableQuotes", of(func(f *federation.Settings, v bool) { f.AllowQuotes = v })), "saved"},
		{"federation/hidefollowers", maxValueBody, set(federationOf, "federation.hideFollowersTab", of(func(f *federation.Settings, v bool) { f.HideFollowers = v })), "saved"},
		{"federation/username", maxValueBody, set(federationOf, "federation.username", of(func(f *federation.Settings, v string) { f.Username = v })), "username saved"},
		{"federation/livemessage", maxValueBody, set(federationOf, "federation.goLiveMessage", of(func(f *federation.Settings, v string) { f.GoLiveMessage = v })), "message saved"},
		{"federation/blockdomains", maxListBody, set(federationOf, "federation.blockedDomains", of(func(f *federation.Settings, v []string) { f.BlockedDomains = v })), "saved"},
	}
}

func notificationSetters() []setter {
	return []setter{
		{"notifications/discord", maxValueBody, set(notificationsOf, "notifications.discord", of(setDiscord)), "updated discord config with provided values"},
		{"notifications/golive", maxValueBody, set(notificationsOf, "notifications.goLive", of(func(s *webhooks.Settings, v webhooks.GoLive) { s.GoLive = v })), "updated the timing of notifications"},
		{"notifications/browser", maxValueBody, set(notificationsOf, "notifications.browser", of(func(s *webhooks.Settings, v webhooks.Browser) { s.Browser = v })), "updated browser push config with provided values"},
	}
}

// setDiscord keeps the webhook where none is sent, since clients are never
// told it.
func setDiscord(s *webhooks.Settings, v webhooks.Discord) {
	old := *s
	s.Discord = v
	keepWebhook(s, &old)
}

func scheduleSetters() []setter {
	return []setter{
		{"schedule/enabled", maxValueBody, set(scheduleOf, "schedule.enabled", of(func(s *schedule.Settings, v bool) { s.Enabled = v })), "changed"},
		{"schedule/showcountdown", maxValueBody, set(scheduleOf, "schedule.showCountdown", of(func(s *schedule.Settings, v bool) { s.ShowCountdown = v })), "changed"},
		{"schedule/chatopenminutes", maxValueBody, set(scheduleOf, "schedule.chatOpenMinutesBefore", of(func(s *schedule.Settings, v int) { s.ChatOpenMinutes = v })), "changed"},
		{"schedule/remindermessage", maxValueBody, set(scheduleOf, "schedule.reminderMessage", of(func(s *schedule.Settings, v string) { s.ReminderMessage = v })), "changed"},
		{"schedule/firstreminderminutes", maxValueBody, set(scheduleOf, "schedule.firstReminderMinutes", of(func(s *schedule.Settings, v int) { s.FirstReminder = v })), "changed"},
		{"schedule/secondreminderminutes", maxValueBody, set(scheduleOf, "schedule.secondReminderMinutes", of(func(s *schedule.Settings, v int) { s.SecondReminder = v })), "changed"},
	}
}
