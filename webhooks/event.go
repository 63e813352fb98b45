package webhooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Event is something that has happened.
type Event struct {
	Type EventType
	// ID names what happened, such as the message of a chat. Empty stands for
	// a new name.
	ID string
	// At is when it happened. Zero stands for when it is sent.
	At time.Time
	// Online, unless nil, corrects whether there is a stream in the status
	// that receivers are told, where the event itself is what changes that.
	Online *bool
	Data   Data // of the type that belongs to Type; nil for EventPing
}

// Data is what receivers are told of an event beyond what all events have. It
// is one of [ChatMessage], [Presence], [Rename], [Visibility], [Stream],
// [Follow] and [Schedule].
type Data interface {
	// types are those of the events that the data is of.
	types() []EventType
	// payload is the "eventData" of a delivery.
	payload(e Event, s Server) any
}

// User is a user of the chat.
type User struct {
	ID            string     `json:"id"`
	DisplayName   string     `json:"displayName"`
	DisplayColor  int        `json:"displayColor"`
	CreatedAt     time.Time  `json:"createdAt"`
	DisabledAt    *time.Time `json:"disabledAt,omitempty"`
	NameChangedAt *time.Time `json:"nameChangedAt,omitempty"`
	PreviousNames []string   `json:"previousNames"`
	Scopes        []string   `json:"scopes,omitempty"` // such as MODERATOR
	AuthProviders []string   `json:"authProviders,omitempty"`
	IsBot         bool       `json:"isBot"`
	Authenticated bool       `json:"authenticated"`
}

// known returns u as receivers are told: without null for an empty list.
func (u User) known() *User {
	u.PreviousNames = append([]string{}, u.PreviousNames...)
	return &u
}

// base is what most events have.
type base struct {
	Status    *Status `json:"status,omitempty"`
	ServerURL string  `json:"serverURL,omitempty"`
}

// happened is what events have that are about something with a name of its
// own.
type happened struct {
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
}

func (e Event) base(s Server) base     { return base{&s.Status, s.URL} }
func (e Event) happened() happened     { return happened{e.ID, e.At} }
func (ChatMessage) types() []EventType { return []EventType{EventChat} }
func (Presence) types() []EventType    { return []EventType{EventUserJoined, EventUserParted} }
func (Rename) types() []EventType      { return []EventType{EventNameChange} }
func (Visibility) types() []EventType  { return []EventType{EventVisibilityUpdate} }
func (Follow) types() []EventType      { return []EventType{EventFediverseFollow} }
func (Schedule) types() []EventType    { return []EventType{EventScheduled} }
func (pingData) types() []EventType    { return []EventType{EventPing} }
func (Stream) types() []EventType {
	return []EventType{EventStreamStarted, EventStreamStopped, EventStreamTitleUpdate}
}

// ChatMessage is the Data of EventChat. The ID of the event is the message's.
type ChatMessage struct {
	User     User
	Body     string // HTML that is safe to show
	RawBody  string // what the user has written
	ClientID uint64 // of the connection; 0 if there is none
	Visible  bool
}

func (m ChatMessage) payload(e Event, s Server) any {
	return struct {
		base
		happened
		User     *User  `json:"user"`
		Body     string `json:"body"`
		RawBody  string `json:"rawBody"`
		ClientID uint64 `json:"clientId,omitempty"`
		Visible  bool   `json:"visible"`
	}{e.base(s), e.happened(), m.User.known(), m.Body, m.RawBody, m.ClientID, m.Visible}
}

// Presence is the Data of EventUserJoined and EventUserParted.
type Presence struct{ User User }

func (p Presence) payload(e Event, s Server) any {
	return struct {
		base
		happened
		User *User `json:"user"`
	}{e.base(s), e.happened(), p.User.known()}
}

// Rename is the Data of EventNameChange.
type Rename struct {
	User    User // with the new name
	NewName string
}

func (r Rename) payload(e Event, s Server) any {
	return struct {
		base
		happened
		User    *User  `json:"user"`
		NewName string `json:"newName"`
	}{e.base(s), e.happened(), r.User.known(), r.NewName}
}

// Visibility is the Data of EventVisibilityUpdate: messages that are hidden or
// shown again.
type Visibility struct {
	MessageIDs []string
	Visible    bool
}

func (v Visibility) payload(e Event, s Server) any {
	return struct {
		base
		happened
		User    *User    `json:"user"` // null, as receivers know it
		Visible bool     `json:"visible"`
		IDs     []string `json:"ids"`
	}{e.base(s), e.happened(), nil, v.Visible, append([]string{}, v.MessageIDs...)}
}

// Stream is the Data of EventStreamStarted, EventStreamStopped and
// EventStreamTitleUpdate. What receivers are told is in [Server].
type Stream struct{}

func (Stream) payload(e Event, s Server) any {
	return struct {
		happened
		Name        string  `json:"name"`
		Summary     string  `json:"summary"`
		StreamTitle string  `json:"streamTitle"`
		Status      *Status `json:"status"`
		ServerURL   string  `json:"serverURL"`
	}{e.happened(), s.Name, s.Summary, s.StreamTitle, &s.Status, s.URL}
}

// Follow is the Data of EventFediverseFollow: somebody follows the server.
type Follow struct {
	Name     string
	Username string // such as user@example.org
	Image    string // URL of a picture; may be empty
}

func (f Follow) payload(e Event, s Server) any {
	return struct {
		happened
		Name      string `json:"name"`
		Username  string `json:"username"`
		Image     string `json:"image"`
		ServerURL string `json:"serverURL,omitempty"`
	}{e.happened(), f.Name, f.Username, f.Image, s.URL}
}

// ScheduleAction is what becomes of a scheduled event.
type ScheduleAction string

// The actions.
const (
	ScheduleWarning ScheduleAction = "warning" // it begins in ten minutes
	ScheduleStarted ScheduleAction = "started"
	ScheduleEnded   ScheduleAction = "ended"
)

// Schedule is the Data of EventScheduled.
type Schedule struct {
	Action ScheduleAction
	Event  ScheduledEvent
}

// ScheduledEvent is a broadcast that is announced.
type ScheduledEvent struct {
	ID              string    `json:"id"`
	SeriesID        string    `json:"seriesId,omitempty"`
	Name            string    `json:"name"`
	Description     string    `json:"description"`
	ReminderMessage string    `json:"reminderMessage"`
	StartTime       time.Time `json:"startTime"`
	DurationMinutes int       `json:"durationMinutes"`
	Timezone        string    `json:"timezone"`
	Status          string    `json:"status"` // "scheduled" or "cancelled"
}

func (d Schedule) payload(e Event, s Server) any {
	return struct {
		base
		Event     ScheduledEvent `json:"event"`
		Action    ScheduleAction `json:"action"`
		Timestamp time.Time      `json:"timestamp"`
	}{e.base(s), d.Event, d.Action, e.At}
}

// pingData is that of EventPing.
type pingData struct{}

func (pingData) payload(e Event, s Server) any {
	return struct {
		base
		happened
	}{e.base(s), e.happened()}
}

// body is that of the request for an event.
func (e Event) body(s Server) ([]byte, error) {
	if e.Data == nil && e.Type == EventPing {
		e.Data = pingData{}
	}
	if e.Data == nil || !slices.Contains(e.Data.types(), e.Type) {
		return nil, fmt.Errorf("webhooks: event %q with data %T", e.Type, e.Data)
	}
	if e.Online != nil {
		s.Status.Online = *e.Online
	}
	return json.Marshal(struct {
		Type EventType `json:"type"`
		Data any       `json:"eventData"`
	}{e.Type, e.Data.payload(e, s)})
}
