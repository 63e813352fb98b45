package owncast

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/geoip"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/metrics"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/internal/settings"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/webhooks"
)

// Version is the version of this module.
const Version = "0.1.0"

// Interfaces of parts, under one roof for the reader of this page. Their
// documentation is where they are declared.
type (
	// Storage is where segments, recordings and pictures are: see [WithStorage].
	Storage = storage.Storage
	// Repository is what outlives the process but video: see [WithRepository].
	Repository = repository.Repository
	// PublishAuthorizer decides who may publish: see [WithPublishAuthorizer].
	PublishAuthorizer = video.PublishAuthorizer
	// Transcoder makes the renditions of a [Ladder]: see [WithTranscoder].
	Transcoder = video.Transcoder
	// ChatStore has the history of the chat: see [WithChatStore].
	ChatStore = chat.Store
	// ChatFilter decides about messages: see [WithChatFilter].
	ChatFilter = chat.Filter
	// Notifier is a way to people who are not on the page: see [WithNotifier].
	Notifier = webhooks.Notifier
)

// What the parts and the methods of an App speak of.
type (
	// User is a person or a program that is known to the channel.
	User = repository.User
	// PublishRequest is somebody who asks to broadcast.
	PublishRequest = video.PublishRequest
	// Status is what is going on, as [App.Status] returns it.
	Status = video.Status
	// Subscription reads the packets of the broadcast: see [App.Subscribe].
	Subscription = video.Subscription
	// SubscriptionLimits bound what is kept for a slow reader.
	SubscriptionLimits = video.SubscriptionLimits
	// Rendition is one step of a [Ladder].
	Rendition = video.Rendition
	// Ladder is the qualities that viewers choose from: see [WithLadder].
	Ladder = video.Ladder
	// Notification is what a [Notifier] tells.
	Notification = webhooks.Notification
	// ChatMessage is something that was said.
	ChatMessage = chat.Message
	// ChatActor is who keeps order in the chat.
	ChatActor = chat.Actor
	// ViewerCount is how many watch, and how many did: see [App.ViewerCount].
	ViewerCount = stats.Count
	// Geo is where an address is thought to be: see [WithGeo].
	Geo = stats.Geo
	// Past is what outlives a process of the number of viewers.
	Past = stats.Past
	// Health is what is wrong, as [App.Health] returns it.
	Health = health.Report
	// HealthProblem is one thing that is wrong, and since when.
	HealthProblem = health.Problem
	// Metric is a figure of [App.Metrics].
	Metric = metrics.Metric
	// MetricLabel is a label of a [Metric].
	MetricLabel = metrics.Label
	// Part is a part of what an App serves: see [App.HandlerFor].
	Part = httpapi.Part
)

// Parts for [App.HandlerFor]. What several of them need, such as the files of
// the pages, is in all of those.
const (
	// PartPage is the page of viewers, with what it asks for, but for what
	// other parts have.
	PartPage = httpapi.PartPage
	// PartVideo is playlists and segments, live and recorded, the player in a
	// frame, pictures of what is live, and what players report.
	PartVideo = httpapi.PartVideo
	// PartChat is the chat: its connections, what its users and moderators ask
	// for, and the chat in a frame.
	PartChat = httpapi.PartChat
	// PartAdmin is the administration, its pages and its API, and where the
	// administrator proves by IndieAuth that the channel is theirs.
	PartAdmin = httpapi.PartAdmin
	// PartPrograms is the API of programs with a token.
	PartPrograms = httpapi.PartPrograms
	// PartFediverse is what servers of the fediverse ask for, with what
	// [App.WellKnown] serves.
	PartFediverse = httpapi.PartFediverse
)

// Sections of the [Settings].
type (
	// Instance is what the channel says of itself.
	Instance = httpapi.Instance
	// SocialHandle is a link to the channel elsewhere.
	SocialHandle = httpapi.SocialHandle
	// ExternalAction is a button beside the player.
	ExternalAction = httpapi.ExternalAction
	// StreamKey is a secret that lets somebody publish.
	StreamKey = auth.StreamKey
	// VideoSettings are the latency level and the ladder.
	VideoSettings = httpapi.VideoSettings
	// S3Settings are of an S3-compatible service: see [WithS3].
	S3Settings = httpapi.S3Settings
	// ChatSettings are the rules and the limits of the chat.
	ChatSettings = chat.Settings
	// FederationSettings are those of the part in the fediverse.
	FederationSettings = federation.Settings
	// DirectorySettings say whether the server is listed: see [WithDirectory].
	DirectorySettings = directory.Settings
	// ScheduleSettings are those of announced broadcasts.
	ScheduleSettings = schedule.Settings
	// NotificationSettings say when people are told of a stream, and by whom.
	NotificationSettings = webhooks.Settings
)

// Errors with more than a text. They are found with [errors.As].
type (
	// ReadOnlyError is of a setting that an option has fixed. It matches
	// [ErrReadOnly].
	ReadOnlyError = httpx.ReadOnlyError
	// GeoIPError is of a file that [WithGeoIP] cannot use.
	GeoIPError = geoip.FileError
)

// Thumbnails make pictures of what is live.
//
// Run is called by Start, in a goroutine of its own. It reads packets from src,
// whose errors are those of [video.Subscription.Read], and returns soon after
// ctx is done or src is of no more use; Shutdown waits for it. An error before
// that is logged, and there are no more pictures.
//
// JPEG and GIF return the last picture and the last moving preview, and when
// they were made, or nil if there are none, as when nobody is live. What they
// return must not be changed any more. They are called by many goroutines.
type Thumbnails interface {
	Run(ctx context.Context, src video.PacketReader) error
	JPEG() ([]byte, time.Time)
	GIF() ([]byte, time.Time)
}

// Authenticator tells who sent a request, and by the Role of the User what they
// may do: [repository.RoleAdmin] administers. It returns an error matching
// [ErrUnauthorized] for a request without valid credentials. That is answered
// with 401; if the Authenticator is a [Challenger] too, and a browser wants to
// show a page, which is a GET that accepts text/html, Challenge answers it.
// Somebody whose Role is too low gets a 403. It is called from many goroutines
// at once.
type Authenticator interface {
	Authenticate(r *http.Request) (User, error)
}

// AuthenticatorFunc lets a function be an Authenticator.
type AuthenticatorFunc func(r *http.Request) (User, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(r *http.Request) (User, error) { return f(r) }

// Challenger is an optional interface of Authenticators that can ask for
// credentials, for example by redirecting to a login page. Challenge answers
// the request, whose RequestURI is what the browser has asked for: the URL is
// without the path that the App is mounted on.
type Challenger interface {
	Challenge(w http.ResponseWriter, r *http.Request)
}

// Errors that hosts return and get. They are found with [errors.Is].
var (
	// ErrUnauthorized is an Authenticator's for a request without valid
	// credentials.
	ErrUnauthorized = httpx.ErrUnauthorized
	// ErrForbidden refuses somebody who is known.
	ErrForbidden = httpx.ErrForbidden
	// ErrStreamKey is a PublishAuthorizer's for a wrong stream key.
	ErrStreamKey = video.ErrStreamKey
	// ErrAlreadyLive is what a second publisher is refused with.
	ErrAlreadyLive = video.ErrAlreadyLive
	// ErrLocked is returned by Start if another App has the data directory.
	ErrLocked = repository.ErrLocked
	// ErrClosed is returned by an App after Shutdown.
	ErrClosed = errors.New("owncast: closed")
	// ErrNotStarted is returned by an App before Start.
	ErrNotStarted = errors.New("owncast: not started")
	// ErrReadOnly is returned for a setting that an option has fixed.
	ErrReadOnly = httpx.ErrReadOnly
	// ErrImport is returned for settings that cannot be imported.
	ErrImport = settings.ErrBundle
)

// OptionError is an option that New does not accept.
type OptionError struct {
	Option string // such as "WithBaseURL"
	Err    error
}

// Error names the option and says what is wrong with it.
func (e *OptionError) Error() string { return "owncast: " + e.Option + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *OptionError) Unwrap() error { return e.Err }

// conflicts returns an error for each option that another one would make
// silently useless.
func (c *config) conflicts() (errs []error) {
	if c.storage != nil && c.openS3 != nil {
		errs = append(errs, option("WithS3", errors.New("there is a storage by WithStorage")))
	}
	if c.authenticator != nil && c.adminPassword != nil {
		errs = append(errs, option("WithAdminPassword", errors.New("WithAuthenticator decides who administers")))
	}
	if c.publish != nil && c.keys != nil {
		errs = append(errs, option("WithStreamKeys", errors.New("WithPublishAuthorizer decides who publishes")))
	}
	return errs
}
