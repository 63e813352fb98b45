package chat

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/owncast-go/owncast/repository"
)

// Kind tells messages and events apart, by their names on the wire.
type Kind string

// The kinds of what is kept in the history.
const (
	KindMessage Kind = "CHAT"        // of a user
	KindSystem  Kind = "SYSTEM"      // of the server
	KindAction  Kind = "CHAT_ACTION" // something happened
	KindFollow  Kind = "FEDIVERSE_ENGAGEMENT_FOLLOW"
	KindLike    Kind = "FEDIVERSE_ENGAGEMENT_LIKE"
	KindRepost  Kind = "FEDIVERSE_ENGAGEMENT_REPOST"

	// kindHeld waits for a moderator. It is kept as hidden.
	kindHeld Kind = "HELD"
)

// The kinds of the other events.
const (
	kindNameChange        Kind = "NAME_CHANGE"
	kindColorChange       Kind = "COLOR_CHANGE" // of clients alone
	kindVisibility        Kind = "VISIBILITY-UPDATE"
	kindJoined            Kind = "USER_JOINED"
	kindParted            Kind = "USER_PARTED"
	kindUserInfo          Kind = "CONNECTED_USER_INFO"
	kindPresence          Kind = "PRESENCE" // ours: how many clients there are
	kindNeedsRegistration Kind = "ERROR_NEEDS_REGISTRATION"
	kindUserDisabled      Kind = "ERROR_USER_DISABLED"
)

// moderatorScope is how clients know who is a moderator.
const moderatorScope = "MODERATOR"

// Message is something that was said.
type Message struct {
	ID       string
	Kind     Kind
	SentAt   time.Time
	HiddenAt time.Time // zero while everybody may see it
	Body     string    // HTML that is safe to show
	User     UserInfo  // zero if it is of the server
	ClientID uint64    // of the connection that it came from; 0 if it came from none, or is not known
}

// UserInfo is a user as clients see one.
type UserInfo struct {
	CreatedAt     time.Time  `json:"createdAt"`
	DisabledAt    *time.Time `json:"disabledAt,omitempty"`
	NameChangedAt *time.Time `json:"nameChangedAt,omitempty"`
	ID            string     `json:"id"`
	DisplayName   string     `json:"displayName"`
	PreviousNames []string   `json:"previousNames"` // the present one, too
	Scopes        []string   `json:"scopes,omitempty"`
	AuthProviders []string   `json:"authProviders,omitempty"` // the kinds of the identities
	DisplayColor  int        `json:"displayColor"`            // 0 to 7
	IsBot         bool       `json:"isBot"`
	Authenticated bool       `json:"authenticated"`
}

// InfoOf returns what clients see of u.
func InfoOf(u repository.User) UserInfo {
	info := UserInfo{
		CreatedAt: u.CreatedAt, ID: u.ID, DisplayName: u.DisplayName, PreviousNames: u.PreviousNames,
		Scopes: u.Scopes, DisplayColor: u.Color, IsBot: u.Bot, Authenticated: u.Authenticated(),
	}
	if info.PreviousNames == nil {
		info.PreviousNames = []string{}
	}
	if u.Disabled() {
		info.DisabledAt = &u.DisabledAt
	}
	if !u.NameChangedAt.IsZero() {
		info.NameChangedAt = &u.NameChangedAt
	}
	if u.Role >= repository.RoleModerator && !slices.Contains(u.Scopes, moderatorScope) {
		info.Scopes = append(slices.Clone(u.Scopes), moderatorScope)
	}
	for _, i := range u.Identities {
		if !slices.Contains(info.AuthProviders, i.Kind) {
			info.AuthProviders = append(info.AuthProviders, i.Kind)
		}
	}
	return info
}

// document is any event as clients get it. Which fields an event has is up to
// its type.
type document struct {
	Type      Kind      `json:"type"`
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Body      *string   `json:"body,omitempty"`
	Title     *string   `json:"title,omitempty"`
	Image     *nullable `json:"image,omitempty"`
	Link      *string   `json:"link,omitempty"`
	OldName   *string   `json:"oldName,omitempty"`
	IDs       []string  `json:"ids,omitempty"`
	Visible   *bool     `json:"visible,omitempty"`
	Count     *int      `json:"count,omitempty"`
	User      any       `json:"user,omitempty"`
}

// nullable is a text that is null if it is empty.
type nullable string

// MarshalJSON is for package json.
func (n nullable) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(n))
}

// nobody is a user that is null, which omitempty would leave out.
type nobody struct{}

// MarshalJSON is for package json.
func (nobody) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// speaker is a user that is nothing but a name, as the server is.
type speaker struct {
	DisplayName string `json:"displayName"`
}

// newDocument begins an event that happens now.
func newDocument(kind Kind) document {
	return document{Type: kind, ID: newID(), Timestamp: time.Now().UTC()}
}

// encode never fails for what is in a document.
func (d document) encode() []byte {
	b, _ := json.Marshal(d)
	return b
}

// refusalDocument tells a client that it may not be here.
func refusalDocument(kind Kind) []byte { return []byte(`{"type":"` + string(kind) + `"}`) }

// encode is the message as clients get it when it is sent.
func (m *Message) encode() []byte {
	visible := true
	return document{
		Type: m.Kind, ID: m.ID, Timestamp: m.SentAt, Body: &m.Body, User: m.User, Visible: &visible,
	}.encode()
}

// record is the message as it is kept.
func (m *Message) record() repository.Message {
	return repository.Message{ID: m.ID, Kind: string(m.Kind), UserID: m.User.ID, Body: m.Body, SentAt: m.SentAt}
}

// newID returns an id that nobody else has: 12 characters that need no escape
// in a URL, of 72 random bits.
func newID() string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
