package owncast

import (
	"context"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/restream"
)

// Hooks are a host's functions. Those named Before are asked before the thing
// happens and stop it with an error; the others hear of it afterwards. Those
// of the stream come one at a time and in order, as do those of the storage,
// and those of the chat that are not named Before;
// those of recordings, and those of different kinds, may come at the same
// time. They must not block for long, for the next event waits for them, though
// neither the broadcast nor its viewers do; their context is done when the App
// shuts down, which waits for them. Nil functions are skipped, and a panic in
// one is logged and goes no further.
type Hooks struct {
	// BeforePublish is asked about a publisher that the PublishAuthorizer
	// has let in.
	BeforePublish func(context.Context, video.PublishRequest) error

	// BeforeMessage is asked about a message of a user in the chat, whose Body
	// it may change. The writer is told the reason of a [*chat.RejectError]
	// and nothing of other errors. It is asked as a [chat.Filter] is, with as
	// little time, and has no say if it needs more.
	BeforeMessage func(context.Context, *chat.Draft) error
	// BeforeRegister is asked about a new user of the chat, whose Name it may
	// change, and BeforeJoin about each connection.
	BeforeRegister func(context.Context, *chat.Registration) error
	BeforeJoin     func(context.Context, chat.Join) error

	StreamStarted     func(context.Context, video.StreamStarted)
	StreamStopped     func(context.Context, video.StreamStopped)
	StreamInterrupted func(context.Context, video.StreamInterrupted)
	StreamResumed     func(context.Context, video.StreamResumed)
	StreamWarned      func(context.Context, video.StreamWarned)

	// Of the ladder.
	RenditionStarted func(context.Context, video.RenditionStarted)
	RenditionFailed  func(context.Context, video.RenditionFailed)

	// Of the outputs that the broadcast is restreamed to.
	OutputStarted func(context.Context, restream.OutputStarted)
	OutputStopped func(context.Context, restream.OutputStopped)
	OutputFailed  func(context.Context, restream.OutputFailed)

	// StorageFailed and StorageRecovered tell that segments cannot be stored,
	// and that they can again. They must not end the App or the stream.
	StorageFailed    func(context.Context, hls.StorageFailed)
	StorageRecovered func(context.Context, hls.StorageRecovered)

	// RecordingReady tells of a recording that has ended and is kept, and of
	// a clip; RecordingFailed of one that cannot be kept at present.
	RecordingReady  func(context.Context, recording.Ready)
	RecordingFailed func(context.Context, recording.Failed)

	// Of the chat, in the order of the chat. It does not wait for them.
	MessageSent       func(context.Context, chat.MessageSent)
	MessageHeld       func(context.Context, chat.MessageHeld)
	UserJoined        func(context.Context, chat.UserJoined)
	UserParted        func(context.Context, chat.UserParted)
	NameChanged       func(context.Context, chat.NameChanged)
	ColorChanged      func(context.Context, chat.ColorChanged)
	VisibilityChanged func(context.Context, chat.VisibilityChanged)
	UserDisabled      func(context.Context, chat.UserDisabled)
	UserEnabled       func(context.Context, chat.UserEnabled)
	UserTimedOut      func(context.Context, chat.UserTimedOut)
	RoleChanged       func(context.Context, chat.RoleChanged)

	// HealthChanged hears of problems that have come or gone.
	HealthChanged func(context.Context, Health)

	// Of the schedule: EventReminder at the lead times of the settings,
	// EventWarned ten minutes before the start, EventStarted and EventEnded with
	// the broadcast, EventMissed nine minutes after the start if chat is open
	// and there is none.
	EventChanged  func(context.Context, EventChange)
	EventReminder func(context.Context, EventReminder)
	EventWarned   func(context.Context, ScheduledEvent)
	EventStarted  func(context.Context, ScheduledEvent)
	EventEnded    func(context.Context, ScheduledEvent)
	EventMissed   func(context.Context, ScheduledEvent)

	// Of settings, after they were saved. They may change settings; what
	// comes of that is told after they have returned.
	InstanceChanged   func(context.Context, InstanceChanged)
	VideoChanged      func(context.Context, VideoChanged)
	ChatChanged       func(context.Context, ChatChanged)
	FederationChanged func(context.Context, FederationChanged)
	ScheduleChanged   func(context.Context, ScheduleChanged)

	// Of the fediverse; they may come at the same time.
	Followed        func(context.Context, federation.Followed)
	FollowRequested func(context.Context, federation.FollowRequested)
	Unfollowed      func(context.Context, federation.Unfollowed)
	Liked           func(context.Context, federation.Liked)
	Shared          func(context.Context, federation.Shared)
	Mentioned       func(context.Context, federation.Mentioned)
	Replied         func(context.Context, federation.Replied)
	Quoted          func(context.Context, federation.Quoted)
	// ServerChanged tells of the stream of a featured server.
	ServerChanged func(context.Context, federation.ServerChanged)
}

// InstanceChanged says that the instance was saved. Nothing but the hooks has
// Old and New.
type InstanceChanged struct{ Old, New Instance }

// VideoChanged says that the settings of the video were saved.
type VideoChanged struct{ Old, New VideoSettings }

// ChatChanged says that the settings of the chat were saved.
type ChatChanged struct{ Old, New ChatSettings }

// FederationChanged says that the settings of the federation were saved.
type FederationChanged struct{ Old, New FederationSettings }

// ScheduleChanged says that the settings of the schedule were saved; of its
// events EventChanged does.
type ScheduleChanged struct{ Old, New ScheduleSettings }

// healthEvents does for health what events does for streams.
func healthEvents(hooks []Hooks) func(context.Context, Health) {
	return each(hooks, func(h Hooks) func(context.Context, Health) { return h.HealthChanged })
}

// events makes one set of events of several sets of hooks.
func events(hooks []Hooks) video.Events {
	return video.Events{
		StreamStarted:     each(hooks, func(h Hooks) func(context.Context, video.StreamStarted) { return h.StreamStarted }),
		StreamStopped:     each(hooks, func(h Hooks) func(context.Context, video.StreamStopped) { return h.StreamStopped }),
		StreamInterrupted: each(hooks, func(h Hooks) func(context.Context, video.StreamInterrupted) { return h.StreamInterrupted }),
		StreamResumed:     each(hooks, func(h Hooks) func(context.Context, video.StreamResumed) { return h.StreamResumed }),
		StreamWarned:      each(hooks, func(h Hooks) func(context.Context, video.StreamWarned) { return h.StreamWarned }),
		RenditionStarted:  each(hooks, func(h Hooks) func(context.Context, video.RenditionStarted) { return h.RenditionStarted }),
		RenditionFailed:   each(hooks, func(h Hooks) func(context.Context, video.RenditionFailed) { return h.RenditionFailed }),
	}
}

// restreamEvents does the same for restreams.
func restreamEvents(hooks []Hooks) restream.Events {
	return restream.Events{
		OutputStarted: each(hooks, func(h Hooks) func(context.Context, restream.OutputStarted) { return h.OutputStarted }),
		OutputStopped: each(hooks, func(h Hooks) func(context.Context, restream.OutputStopped) { return h.OutputStopped }),
		OutputFailed:  each(hooks, func(h Hooks) func(context.Context, restream.OutputFailed) { return h.OutputFailed }),
	}
}

// storageEvents does the same for the storage.
func storageEvents(hooks []Hooks) hls.Events {
	return hls.Events{
		StorageFailed:    each(hooks, func(h Hooks) func(context.Context, hls.StorageFailed) { return h.StorageFailed }),
		StorageRecovered: each(hooks, func(h Hooks) func(context.Context, hls.StorageRecovered) { return h.StorageRecovered }),
	}
}

// recordingEvents does the same for recordings.
func recordingEvents(hooks []Hooks) recording.Events {
	return recording.Events{
		Ready:  each(hooks, func(h Hooks) func(context.Context, recording.Ready) { return h.RecordingReady }),
		Failed: each(hooks, func(h Hooks) func(context.Context, recording.Failed) { return h.RecordingFailed }),
	}
}

// chatEvents does the same for the chat.
func chatEvents(hooks []Hooks) chat.Events {
	return chat.Events{
		BeforeRegister:    all(hooks, func(h Hooks) func(context.Context, *chat.Registration) error { return h.BeforeRegister }),
		BeforeJoin:        all(hooks, func(h Hooks) func(context.Context, chat.Join) error { return h.BeforeJoin }),
		MessageSent:       each(hooks, func(h Hooks) func(context.Context, chat.MessageSent) { return h.MessageSent }),
		MessageHeld:       each(hooks, func(h Hooks) func(context.Context, chat.MessageHeld) { return h.MessageHeld }),
		UserJoined:        each(hooks, func(h Hooks) func(context.Context, chat.UserJoined) { return h.UserJoined }),
		UserParted:        each(hooks, func(h Hooks) func(context.Context, chat.UserParted) { return h.UserParted }),
		NameChanged:       each(hooks, func(h Hooks) func(context.Context, chat.NameChanged) { return h.NameChanged }),
		ColorChanged:      each(hooks, func(h Hooks) func(context.Context, chat.ColorChanged) { return h.ColorChanged }),
		VisibilityChanged: each(hooks, func(h Hooks) func(context.Context, chat.VisibilityChanged) { return h.VisibilityChanged }),
		UserDisabled:      each(hooks, func(h Hooks) func(context.Context, chat.UserDisabled) { return h.UserDisabled }),
		UserEnabled:       each(hooks, func(h Hooks) func(context.Context, chat.UserEnabled) { return h.UserEnabled }),
		UserTimedOut:      each(hooks, func(h Hooks) func(context.Context, chat.UserTimedOut) { return h.UserTimedOut }),
		RoleChanged:       each(hooks, func(h Hooks) func(context.Context, chat.RoleChanged) { return h.RoleChanged }),
	}
}

// all asks one kind of hook of every set, in the order they were given, until
// one refuses.
func all[E any](hooks []Hooks, pick func(Hooks) func(context.Context, E) error) func(context.Context, E) error {
	var fs []func(context.Context, E) error
	for _, h := range hooks {
		if f := pick(h); f != nil {
			fs = append(fs, f)
		}
	}
	return func(ctx context.Context, e E) error {
		for _, f := range fs {
			if err := f(ctx, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// federationEvents does the same for the federation.
func federationEvents(hooks []Hooks) federation.Events {
	return federation.Events{
		Followed:        each(hooks, func(h Hooks) func(context.Context, federation.Followed) { return h.Followed }),
		FollowRequested: each(hooks, func(h Hooks) func(context.Context, federation.FollowRequested) { return h.FollowRequested }),
		Unfollowed:      each(hooks, func(h Hooks) func(context.Context, federation.Unfollowed) { return h.Unfollowed }),
		Liked:           each(hooks, func(h Hooks) func(context.Context, federation.Liked) { return h.Liked }),
		Shared:          each(hooks, func(h Hooks) func(context.Context, federation.Shared) { return h.Shared }),
		Mentioned:       each(hooks, func(h Hooks) func(context.Context, federation.Mentioned) { return h.Mentioned }),
		Replied:         each(hooks, func(h Hooks) func(context.Context, federation.Replied) { return h.Replied }),
		Quoted:          each(hooks, func(h Hooks) func(context.Context, federation.Quoted) { return h.Quoted }),
		ServerChanged:   each(hooks, func(h Hooks) func(context.Context, federation.ServerChanged) { return h.ServerChanged }),
	}
}

// each calls one kind of hook of every set, in the order they were given.
func each[E any](hooks []Hooks, pick func(Hooks) func(context.Context, E)) func(context.Context, E) {
	var fs []func(context.Context, E)
	for _, h := range hooks {
		if f := pick(h); f != nil {
			fs = append(fs, f)
		}
	}
	return func(ctx context.Context, e E) {
		for _, f := range fs {
			f(ctx, e)
		}
	}
}

// beforePublish asks every hook.
func beforePublish(ctx context.Context, hooks []Hooks, req video.PublishRequest) error {
	return all(hooks, func(h Hooks) func(context.Context, video.PublishRequest) error { return h.BeforePublish })(ctx, req)
}
