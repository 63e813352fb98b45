// Package webhooks tells the world outside what happens: programs, by requests
// to URLs that an administrator has entered, and people, by a [Notifier] such as
// Discord or browser push.
//
// A [Dispatcher] takes events without ever making their producer wait, keeps
// them in a durable queue, and sends them to the webhooks that asked for them:
//
//	POST /hook HTTP/1.1
//	Content-Type: application/json
//	Owncast-Event: STREAM_STARTED
//	Owncast-Delivery: 019ace4f2r…
//	Owncast-Signature: t=1764375600.s=5a0f…
//
//	{"type": "STREAM_STARTED", "eventData": {…}}
//
// A receiver written in Go checks the signature with [Verify]. Deliveries are
// made at least once: a receiver that must not act twice on one event remembers
// the Owncast-Delivery header, which stays the same when a delivery is repeated.
//
// The package knows neither chat nor federation nor video: whoever puts the
// parts together turns their events into the types of this package.
package webhooks

import "time"

// Headers of a delivery.
const (
	HeaderEvent     = "Owncast-Event"     // the type
	HeaderDelivery  = "Owncast-Delivery"  // names the delivery; the same with every try
	HeaderSignature = "Owncast-Signature" // see [Sign]
)

// EventType names a kind of event, as receivers know it.
type EventType string

// The events that a webhook can ask for.
const (
	EventChat              EventType = "CHAT"
	EventUserJoined        EventType = "USER_JOINED"
	EventUserParted        EventType = "USER_PARTED"
	EventNameChange        EventType = "NAME_CHANGE"
	EventVisibilityUpdate  EventType = "VISIBILITY-UPDATE"
	EventStreamStarted     EventType = "STREAM_STARTED"
	EventStreamStopped     EventType = "STREAM_STOPPED"
	EventStreamTitleUpdate EventType = "STREAM_TITLE_UPDATED"
	EventFediverseFollow   EventType = "FEDIVERSE_ENGAGEMENT_FOLLOW"
	EventScheduled         EventType = "SCHEDULED_EVENTS"
)

// EventPing is what [Dispatcher.Test] sends. No webhook can ask for it.
const EventPing EventType = "PING"

// EventTypes returns the events that a webhook can ask for.
func EventTypes() []EventType {
	return []EventType{
		EventChat, EventUserJoined, EventUserParted, EventNameChange, EventVisibilityUpdate,
		EventStreamStarted, EventStreamStopped, EventStreamTitleUpdate, EventFediverseFollow, EventScheduled,
	}
}

// frequent tells whether an event is one of many, so that it is the first to
// be dropped where there is no room.
func (t EventType) frequent() bool {
	switch t {
	case EventChat, EventUserJoined, EventUserParted, EventNameChange, EventVisibilityUpdate:
		return true
	default:
		return false
	}
}

// Server is what a server says about itself, at one moment.
type Server struct {
	Name        string
	Summary     string
	StreamTitle string // may be empty
	URL         string // where the world sees the server; empty if unknown
	Status      Status
}

// Status is what the stream is doing, as receivers are told.
type Status struct {
	LastConnectTime       *time.Time `json:"lastConnectTime"`    // nil while there is no stream
	LastDisconnectTime    *time.Time `json:"lastDisconnectTime"` // nil while there is one
	VersionNumber         string     `json:"versionNumber"`
	StreamTitle           string     `json:"streamTitle"`
	ViewerCount           int        `json:"viewerCount"`
	OverallMaxViewerCount int        `json:"overallMaxViewerCount"`
	SessionMaxViewerCount int        `json:"sessionMaxViewerCount"`
	Online                bool       `json:"online"`
}
