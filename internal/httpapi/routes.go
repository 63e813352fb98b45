package httpapi

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// Access says who may use a route.
type Access uint8

// The kinds of access.
const (
	Anyone    Access = iota
	Admin            // administrators, from the App's own pages or from programs
	Moderator        // those and moderators, from the same places

	// Users of the chat: with an access token, or as the site knows them.
	ChatUser
	ChatModerator // those who are moderators

	// Programs with a token that has the scope.
	TokenSendMessages
	TokenSendSystemMessages
	TokenAdmin
)

// Content types of the API.
const (
	mediaJSON = "application/json"
	mediaText = "text/plain"
	mediaYAML = "application/yaml" // RFC 9512
	mediaHTML = "text/html"
	mediaForm = "application/x-www-form-urlencoded"
	mediaAny  = "*/*" // of a picture or a file, whatever it is

	mediaBinary = "application/octet-stream"
)

// Route is one way to ask the API for something. A route for GET answers HEAD
// too.
type Route struct {
	Method, Path string
	Access       Access
	// MaxBody is the maximum size of a request body in bytes; a larger one is
	// answered with 413. 0 is for requests without a body.
	MaxBody int64
	// Answer is the content type of a successful answer, empty if it has no
	// body.
	Answer string

	handle func(*api, http.ResponseWriter, *http.Request) error
}

// Routes returns all routes of the API, in the order of the OpenAPI document.
// The mux is built from it, and tests try each route.
func Routes() []Route {
	return slices.Concat(publicRoutes(), contentRoutes(), embedRoutes(), recordingRoutes(), scheduleRoutes(),
		adminRoutes(), adminContentRoutes(), setterRoutes(), accessRoutes(), webhookRoutes(), notificationRoutes(),
		chatRoutes(), moderationRoutes(), integrationRoutes(), chatIntegrationRoutes(), identityRoutes(), federationRoutes())
}

func publicRoutes() []Route {
	return []Route{
		{"GET", "/api/status", Anyone, 0, mediaJSON, (*api).status},
		{"GET", "/api/config", Anyone, 0, mediaJSON, (*api).config},
		{"GET", "/api/yp", Anyone, 0, mediaJSON, (*api).yp},
		{"GET", "/api/ping", Anyone, 0, "", (*api).ping},
		{"GET", "/api/health", Anyone, 0, mediaJSON, (*api).ready},
		{"GET", "/api/video/variants", Anyone, 0, mediaJSON, (*api).videoVariants},
		{"GET", "/api/openapi.yaml", Anyone, 0, mediaYAML, (*api).openAPI},

		{"POST", "/api/metrics/playback", Anyone, maxReportBody, "", (*api).metricsPlayback},
		{"GET", "/api/metrics/cmcd", Anyone, 0, "", (*api).metricsCMCD},
		{"POST", "/api/metrics/cmcd", Anyone, maxReportBody, "", (*api).metricsCMCD},
		{"OPTIONS", "/api/metrics/cmcd", Anyone, 0, "", preflight("GET, POST", "Content-Type, "+cmcdHeaders)},

		{"GET", "/thumbnail.jpg", Anyone, 0, "image/jpeg", (*api).thumbnail},
		{"GET", "/preview.gif", Anyone, 0, "image/gif", (*api).preview},
	}
}

func adminRoutes() []Route {
	return []Route{
		{"GET", "/api/admin/status", Admin, 0, mediaJSON, (*api).adminStatus},
		{"GET", "/api/admin/serverconfig", Admin, 0, mediaJSON, (*api).adminServerConfig},
		{"GET", "/api/admin/settings/export", Admin, 0, mediaJSON, (*api).adminExport},
		{"POST", "/api/admin/settings/import", Admin, maxBundle, mediaJSON, (*api).adminImport},
		{"GET", "/api/admin/backup", Admin, 0, mediaBinary, (*api).adminBackup},
		{"POST", "/api/admin/yp/reset", Admin, 0, mediaJSON, (*api).adminResetYP},
		{"POST", "/api/admin/disconnect", Admin, 0, mediaJSON, (*api).adminDisconnect},
		{"GET", "/api/admin/viewers", Admin, 0, mediaJSON, (*api).adminViewers},
		{"GET", "/api/admin/viewers/playback", Admin, 0, mediaJSON, (*api).adminClients},
		{"GET", "/api/admin/viewersOverTime", Admin, 0, mediaJSON, (*api).adminViewersOverTime},
		{"GET", "/api/admin/hardwarestats", Admin, 0, mediaJSON, (*api).adminHardware},
		{"GET", "/api/admin/health", Admin, 0, mediaJSON, (*api).adminHealth},
		{"GET", "/api/admin/logs", Admin, 0, mediaJSON, (*api).adminLogs},
		{"GET", "/api/admin/logs/warnings", Admin, 0, mediaJSON, (*api).adminLogWarnings},
		{"GET", "/api/admin/metrics/video", Admin, 0, mediaJSON, (*api).adminVideoMetrics},
		{"GET", "/api/admin/prometheus", Admin, 0, mediaText, (*api).adminPrometheus},
		{"GET", "/api/admin/video/encoders", Admin, 0, mediaJSON, (*api).adminEncoders},
		{"POST", "/api/admin/s3/test", Admin, maxValueBody, mediaJSON, (*api).adminTestS3},
		{"GET", "/api/admin/restream", Admin, 0, mediaJSON, (*api).adminRestream},
		{"PUT", "/api/admin/restream", Admin, maxRestreamBody, mediaJSON, (*api).adminSetRestream},
	}
}

func accessRoutes() []Route {
	return []Route{
		{"POST", "/api/admin/login", Anyone, maxLoginBody, mediaJSON, (*api).adminLogin},
		{"POST", "/api/admin/logout", Anyone, 0, mediaJSON, (*api).adminLogout},
		{"GET", "/api/admin/session", Moderator, 0, mediaJSON, (*api).adminSession},
		{"GET", "/api/admin/audit", Admin, 0, mediaJSON, (*api).adminAudit},
		{"GET", "/api/admin/accesstokens", Admin, 0, mediaJSON, (*api).adminTokens},
		{"POST", "/api/admin/accesstokens/create", Admin, maxTokenBody, mediaJSON, (*api).adminCreateToken},
		{"POST", "/api/admin/accesstokens/delete", Admin, maxTokenBody, mediaJSON, (*api).adminDeleteToken},
	}
}

func webhookRoutes() []Route {
	return []Route{
		{"GET", "/api/admin/webhooks", Admin, 0, mediaJSON, (*api).adminWebhooks},
		{"POST", "/api/admin/webhooks/create", Admin, maxWebhookBody, mediaJSON, (*api).adminCreateWebhook},
		{"POST", "/api/admin/webhooks/delete", Admin, maxWebhookBody, mediaJSON, (*api).adminDeleteWebhook},
		{"POST", "/api/admin/webhooks/{id}/test", Admin, 0, mediaJSON, (*api).adminTestWebhook},
		{"GET", "/api/admin/webhooks/{id}/deliveries", Admin, 0, mediaJSON, (*api).adminDeliveries},
		{"GET", "/api/admin/webhooks/{id}/deliveries/{delivery}", Admin, 0, mediaJSON, (*api).adminDelivery},
		{"POST", "/api/admin/webhooks/{id}/deliveries/{delivery}/replay", Admin, 0, mediaJSON, (*api).adminReplay},
	}
}

func notificationRoutes() []Route {
	return []Route{
		{"POST", "/api/notifications/register", ChatUser, maxSubscription, "", (*api).registerNotifications},
		{"GET", "/api/admin/notifications", Admin, 0, mediaJSON, (*api).adminNotifications},
		{"POST", "/api/admin/notifications/{channel}/test", Admin, 0, mediaJSON, (*api).adminTestNotification},
	}
}

func scheduleRoutes() []Route {
	return []Route{
		{"GET", "/api/schedule", Anyone, 0, mediaJSON, (*api).publicSchedule},
		{"GET", "/api/schedule.ics", Anyone, 0, mediaCalendar, (*api).scheduleCalendar},
		{"GET", "/api/admin/schedule", Admin, 0, mediaJSON, (*api).adminSchedule},
		{"POST", "/api/admin/schedule/event", Admin, maxScheduleBody, mediaJSON, (*api).adminPutEvent},
		{"POST", "/api/admin/schedule/event/delete", Admin, maxScheduleBody, mediaJSON, (*api).adminDeleteEvent},
		{"POST", "/api/admin/schedule/preview", Admin, maxScheduleBody, mediaJSON, (*api).adminPreviewRecurrence},
	}
}

func integrationRoutes() []Route {
	return []Route{
		{"GET", "/api/integrations/status", TokenAdmin, 0, mediaJSON, (*api).integrationStatus},
		{"POST", "/api/integrations/streamtitle", TokenAdmin, maxTitleBody, mediaJSON, (*api).integrationTitle},
	}
}

// serve makes the handler of a route.
func (a *api) serve(rt Route) httpx.HandlerFunc {
	fn := func(w http.ResponseWriter, r *http.Request) error {
		// The server looks at the body of its own request for how much is left.
		r = r.WithContext(r.Context())
		if err := rt.checkBody(w, r); err != nil {
			return err
		}
		return rt.handle(a, w, r)
	}
	guarded := a.guard(rt.Access, fn)
	if !rt.Form() {
		return guarded
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		return guarded(w, r.WithContext(context.WithValue(r.Context(), formKey{}, true)))
	}
}

// formKey is what the context of a request for a form has true under.
type formKey struct{}

// isForm tells whether r is for a route that takes the body of an HTML form.
func isForm(r *http.Request) bool { return r.Context().Value(formKey{}) != nil }

// guard lets through who has access.
func (a *api) guard(access Access, fn httpx.HandlerFunc) httpx.HandlerFunc {
	switch access {
	case Anyone:
		return fn
	case Admin:
		return a.staff(repository.RoleAdmin, fn)
	case Moderator:
		return a.staff(repository.RoleModerator, fn)
	case ChatUser:
		return a.chatter(repository.RoleViewer, fn)
	case ChatModerator:
		return a.chatter(repository.RoleModerator, fn)
	default:
		return a.program(access, fn)
	}
}

// checkBody limits the body, and refuses what an HTML form on any site can
// send and no client of the API does; and, where the route is for forms, what
// is none.
func (rt Route) checkBody(w http.ResponseWriter, r *http.Request) error {
	if rt.MaxBody == 0 {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, rt.MaxBody)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch isForm := err == nil && media == mediaForm; {
	case rt.Form() && !isForm:
		return httpx.ErrNotForm
	case !rt.Form() && isForm:
		return httpx.ErrMediaType
	}
	return nil
}

// mount adds every route to mux, and to each path what answers the methods
// that it does not have.
func (a *api) mount(mux *http.ServeMux) {
	paths := map[string][]Route{}
	for _, rt := range Routes() {
		mux.Handle(rt.Method+" "+rt.Path, httpx.Handler(a.Logger, a.serve(rt)))
		paths[rt.Path] = append(paths[rt.Path], rt)
	}
	for at, routes := range paths {
		mux.Handle(at, httpx.Handler(a.Logger, a.otherMethods(routes)))
	}
}

// otherMethods answers OPTIONS with the methods of a path, and says of others
// that they are none (RFC 9110, sections 9.3.7 and 15.5.6).
func (a *api) otherMethods(routes []Route) httpx.HandlerFunc {
	methods := []string{http.MethodOptions}
	for _, rt := range routes {
		methods = append(methods, rt.Method)
		if rt.Method == http.MethodGet {
			methods = append(methods, http.MethodHead) // as ServeMux has it
		}
	}
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	wrong := a.guard(routes[0].Access, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return httpx.ErrMethodNotAllowed
	})
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodOptions {
			return wrong(w, r)
		}
		w.Header().Set("Allow", allow)
		if routes[0].Access.token() || routes[0].Access == ChatUser || routes[0].Access == ChatModerator {
			return preflight(allow, "Authorization, Content-Type")(a, w, r)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
