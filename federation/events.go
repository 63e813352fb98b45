package federation

import (
	"context"
	"time"
)

// Events are what a Service tells its owner. They are called one at a time for
// each activity, and at the same time for different ones, while its sender
// waits: they must not block for long. Nil functions are skipped, and a panic
// in one goes no further.
type Events struct {
	// Followed tells of a follower that there was not before: when it is
	// approved for the first time.
	Followed func(context.Context, Followed)
	// FollowRequested tells of somebody who waits for approval.
	FollowRequested func(context.Context, FollowRequested)
	// Unfollowed tells of a follower that has left.
	Unfollowed func(context.Context, Unfollowed)
	// Liked and Shared tell of the first time that somebody liked or shared a
	// post that is not older than 36 hours.
	Liked  func(context.Context, Liked)
	Shared func(context.Context, Shared)
	// Mentioned, Replied and Quoted tell of posts elsewhere.
	Mentioned func(context.Context, Mentioned)
	Replied   func(context.Context, Replied)
	Quoted    func(context.Context, Quoted)
	// ServerChanged tells of a featured server that was accepted or rejected,
	// or whose stream has begun, changed or ended.
	ServerChanged func(context.Context, ServerChanged)
}

// Author is somebody elsewhere. The texts are plain, and what strangers have
// chosen.
type Author struct {
	IRI     string
	Name    string // may be empty
	Account string // user@host
	URL     string // of a web page, or the IRI
	Picture string // a URL of http or https; may be empty
}

// Note is a post elsewhere.
type Note struct {
	IRI         string
	URL         string // of a web page, or the IRI
	HTML        string // cleaned: safe to show
	Text        string // the same, plain
	InReplyTo   string // an IRI; "" if it is no reply
	Language    string // a BCP 47 tag; "" if unknown
	Published   time.Time
	Attachments []Attachment
}

// Attachment is a file of a Note.
type Attachment struct {
	URL       string // of http or https
	MediaType string
	Alt       string // what it shows, for those who do not see it
}

// Followed is a new follower.
type Followed struct {
	By       Author
	Activity string // the IRI of what was sent
	At       time.Time
}

// FollowRequested is somebody who wants to follow.
type FollowRequested struct {
	By        Author
	Directory bool // lists streams
	At        time.Time
}

// Unfollowed is a follower that has left.
type Unfollowed struct {
	By Author
	At time.Time
}

// Liked says that somebody liked a post.
type Liked struct {
	By       Author
	Activity string
	Post     string // its IRI
	Live     bool   // whether the post says that the stream has begun
	At       time.Time
}

// Shared says that somebody shared a post.
type Shared Liked

// Mentioned is a post that names the channel.
type Mentioned struct {
	By   Author
	Note Note
	At   time.Time
}

// Replied is an answer to a post.
type Replied struct {
	By   Author
	Note Note
	Post string // the IRI of what it answers
	At   time.Time
}

// Quoted is a post that quotes one of the channel's.
type Quoted struct {
	By   Author
	Note Note // its IRI alone, if the request for it had no more
	Post string
	At   time.Time
}

// ServerChanged is a featured server as it is now.
type ServerChanged struct{ Server Server }
