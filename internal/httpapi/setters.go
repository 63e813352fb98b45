package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/webhooks"
)

// The most that the body of a setter may have. A character of a long text is
// six bytes of JSON at worst, and is seldom.
const (
	maxValueBody = 64 << 10
	maxTextBody  = 2*maxText + 1<<10
	maxListBody  = 512 << 10
)

// Fields that options may fix, as their path in serverconfig.
const (
	fieldServerURL     = "yp.instanceUrl"
	fieldLatencyLevel  = "videoSettings.latencyLevel"
	fieldVariants      = "videoSettings.videoQualityVariants"
	fieldStreamKeys    = "streamKeys"
	fieldAdminPassword = "adminPassword"
	fieldChatLimits    = "chatLimits"
)

// setter changes one field of the settings to the value of {"value": …}.
type setter struct {
	path    string // below /api/admin/config/
	maxBody int64
	apply   func(a *api, w http.ResponseWriter, r *http.Request) error
	message string // that it is done, as clients of such servers know it
}

// setterRoutes are the routes of all setters.
func setterRoutes() []Route {
	var routes []Route
	for _, s := range setters() {
		routes = append(routes, Route{
			"POST", "/api/admin/config/" + s.path, Admin, s.maxBody, mediaJSON,
			func(a *api, w http.ResponseWriter, r *http.Request) error {
				if err := s.apply(a, w, r); err != nil {
					return err
				}
				return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: s.message})
			},
		})
	}
	return routes
}

// value reads {"value": …}. Text stands before what is wrong with it, if it is
// not empty.
func value[V any](w http.ResponseWriter, r *http.Request, text string) (V, error) {
	var body struct {
		Value *V `json:"value"`
	}
	var none V
	err := httpx.DecodeJSON(w, r, maxTextBody, &body)
	if err == nil && body.Value == nil {
		err = httpx.BadRequest(`field "value" is required: value field is required`)
	}
	if bad := new(httpx.BadRequestError); text != "" && errors.As(err, &bad) {
		err = &httpx.BadRequestError{Message: text + ": " + bad.Message, Err: err}
	}
	if err != nil {
		return none, err
	}
	return *body.Value, nil
}

// set makes the function of a setter: it reads a V and gives it to assign. The
// field is its path in serverconfig.
func set[T, V any](section func(*Sections) *settings.Section[T], field string, assign func(*T, V) error) func(*api, http.ResponseWriter, *http.Request) error {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		v, err := value[V](w, r, "")
		if err != nil {
			return err
		}
		_, err = section(a.Settings).Set(r.Context(), field, func(t *T) error { return assign(t, v) })
		return err
	}
}

// of makes a function that assigns without a way to fail.
func of[T, V any](assign func(*T, V)) func(*T, V) error {
	return func(t *T, v V) error {
		assign(t, v)
		return nil
	}
}

func instanceOf(s *Sections) *settings.Section[Instance]              { return s.Instance }
func videoOf(s *Sections) *settings.Section[VideoSettings]            { return s.Video }
func chatOf(s *Sections) *settings.Section[chat.Settings]             { return s.Chat }
func federationOf(s *Sections) *settings.Section[federation.Settings] { return s.Federation }
func notificationsOf(s *Sections) *settings.Section[webhooks.Settings] {
	return s.Notifications
}
func directoryOf(s *Sections) *settings.Section[directory.Settings] { return s.Directory }
func scheduleOf(s *Sections) *settings.Section[schedule.Settings]   { return s.Schedule }

// fixed is the setter of what belongs to the program around the App.
func fixed(field string) func(*api, http.ResponseWriter, *http.Request) error {
	return func(_ *api, w http.ResponseWriter, r *http.Request) error {
		if _, err := value[any](w, r, ""); err != nil {
			return err
		}
		return &httpx.ReadOnlyError{Field: field}
	}
}

func setAdminPassword(a *api, w http.ResponseWriter, r *http.Request) error {
	password, err := value[string](w, r, "")
	if err != nil {
		return err
	}
	if password == "" {
		return httpx.BadRequest(`field "value" is empty`)
	}
	if len(password) > auth.MaxPasswordLen {
		return httpx.BadRequest(fmt.Sprintf(`field "value" is longer than %d bytes`, auth.MaxPasswordLen))
	}
	return a.SetAdminPassword(r.Context(), password)
}

func setStreamKeys(a *api, w http.ResponseWriter, r *http.Request) error {
	keys, err := value[[]auth.StreamKey](w, r, "unable to update stream keys with provided values")
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return httpx.BadRequest("must provide at least one valid stream key")
	}
	for _, k := range keys {
		if k.Key == "" {
			return httpx.BadRequest("stream key cannot be empty")
		}
	}
	_, err = a.Settings.StreamKeys.Set(r.Context(), fieldStreamKeys, func(stored *[]auth.StreamKey) error {
		*stored = keys
		return nil
	})
	return err
}

func setStreamVariants(a *api, w http.ResponseWriter, r *http.Request) error {
	variants, err := value[[]outputSettingBody](w, r, "unable to update video config with provided values")
	if err != nil {
		return err
	}
	_, err = a.Settings.Video.Set(r.Context(), fieldVariants, func(v *VideoSettings) error { return setVariants(v, variants) })
	return err
}

// setChatLimits leaves those as they are that are not sent.
func setChatLimits(c *chat.Settings, v map[string]int) error {
	limits := map[string]*int{
		"clients": &c.Limits.Clients, "clientsPerAddress": &c.Limits.ClientsPerAddress,
		"registrationsPerAddress": &c.Limits.Registrations, "messagesPerMinute": &c.Limits.Messages,
		"floodTimeout": &c.Limits.FloodTimeout, "framesPerSecond": &c.Limits.Frames,
	}
	for name, n := range v {
		if limits[name] == nil {
			return httpx.BadRequest(fmt.Sprintf("field %q is no limit", "value."+name))
		}
		*limits[name] = n
	}
	return nil
}

// setS3 keeps the secret where none is sent, since clients are never told it.
func setS3(a *api, w http.ResponseWriter, r *http.Request) error {
	s3, err := value[S3Settings](w, r, "")
	if err != nil {
		return err
	}
	if !a.Parts.S3 {
		return fmt.Errorf("storage at an S3 service is not part of this server: %w", httpx.ErrNotFound)
	}
	_, err = a.Settings.S3.Set(r.Context(), "s3", func(v *S3Settings) error {
		keepS3Secret(&s3, v)
		*v = s3
		return nil
	})
	return err
}
