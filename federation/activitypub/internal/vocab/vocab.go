// Package vocab reads and writes the documents of ActivityPub, by the
// ActivityStreams vocabulary of github.com/go-fed/activity.
//
// What comes in is shaped first, so that what servers write in their own ways
// is understood and nothing in it is too deep, too many or too long; and what
// the vocabulary makes of it is read into the small types of this package.
// What goes out has arrays where servers want arrays, and a context that
// defines every term.
package vocab

import (
	"errors"
	"time"
)

// Public is the collection of everybody (ActivityPub, section 5.6).
const Public = "https://www.w3.org/ns/activitystreams#Public"

// ErrDocument is a document that is not understood.
var ErrDocument = errors.New("vocab: not a document that is understood")

// Limits of what is read. What is beyond is left out, unless the whole
// document is refused for it.
const (
	maxDepth  = 32
	maxValues = 20_000
	maxList   = 1000 // of one array

	// MaxIRI is how many bytes an IRI may have.
	MaxIRI = 2048

	maxAddressees  = 200
	maxAttachments = 16
	maxNames       = 32 // of other names and keys of an actor
	maxName        = 200
	maxContent     = 32 << 10
	maxAlt         = 1500
	maxTags        = 32
)

// Activity is what an actor has done.
type Activity struct {
	ID    string // "" if it has none
	Type  string // as its sender named it
	Actor string // an IRI
	// Object is the first object; Objects counts them.
	Object     Object
	Objects    int
	Target     string
	Result     string
	Instrument Object
	To, Cc     []string
	Published  time.Time // zero if it does not say
	Stream     Stream
}

// Object is what an activity is about. If it was not embedded, there is its ID
// alone.
type Object struct {
	ID       string
	Type     string
	Embedded bool

	// Of embedded activities.
	Actor  string
	Object string

	// Of embedded posts.
	AttributedTo []string
	InReplyTo    string
	Quote        string // the post it quotes
	URL          string // a web page
	Name         string
	Content      string // HTML of a stranger
	Language     string // of the content; "" if unknown
	Published    time.Time
	To, Cc       []string
	Attachments  []Attachment
	Sensitive    bool
}

// AddressedTo tells whether iri is among those that o is for.
func (o Object) AddressedTo(iri string) bool {
	for _, list := range [][]string{o.To, o.Cc} {
		for _, to := range list {
			if to == iri {
				return true
			}
		}
	}
	return false
}

// Attachment is a file of a post, elsewhere.
type Attachment struct {
	URL       string // http or https
	MediaType string
	Alt       string
}

// Actor is somebody who does things: a person or a service.
type Actor struct {
	ID          string
	Type        string
	Username    string
	Name        string
	URL         string // a web page
	Icon        string // a picture; http or https
	Inbox       string
	SharedInbox string
	Followers   string
	Keys        []Key
	AlsoKnownAs []string
	MovedTo     string
	Stream      Stream
}

// Key is a public key of an actor.
type Key struct {
	ID, Owner, PEM string
}

// Stream is what servers of live streams tell each other, as properties of the
// namespace [StreamNamespace].
type Stream struct {
	// Present is set if there was any of the properties.
	Present bool
	// Directory is set by servers that list streams.
	Directory bool

	Status      string // "live" or "offline"; "" if it does not say
	Title       string
	Description string
	ServerName  string
	Logo        string // a URL
	Thumbnail   string // a URL
	Tags        []string
}

// StreamNamespace begins the IRIs of the properties of a [Stream].
const StreamNamespace = "https://owncast.online/ns#"

// The values of [Stream].Status.
const (
	Live    = "live"
	Offline = "offline"
)
