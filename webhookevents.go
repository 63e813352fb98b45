package owncast

import (
	"context"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/webhooks"
)

// webhookHooks hear of what webhooks tell of the chat and of the fediverse.
func (p *parts) webhookHooks() Hooks {
	send := func(e webhooks.Event) { p.outbound.webhooks.Send(e) }
	return Hooks{
		MessageSent: func(_ context.Context, e chat.MessageSent) {
			m := e.Message
			if m.Kind != chat.KindMessage {
				return
			}
			send(webhooks.Event{Type: webhooks.EventChat, ID: m.ID, At: m.SentAt, Data: webhooks.ChatMessage{
				User: webhookUser(m.User), Body: m.Body, RawBody: e.Raw, ClientID: m.ClientID, Visible: m.HiddenAt.IsZero(),
			}})
		},
		UserJoined: func(_ context.Context, e chat.UserJoined) {
			send(webhooks.Event{Type: webhooks.EventUserJoined, ID: e.ID, At: e.At, Data: webhooks.Presence{User: webhookUser(chat.InfoOf(e.User))}})
		},
		UserParted: func(_ context.Context, e chat.UserParted) {
			send(webhooks.Event{Type: webhooks.EventUserParted, ID: e.ID, At: e.At, Data: webhooks.Presence{User: webhookUser(chat.InfoOf(e.User))}})
		},
		NameChanged: func(_ context.Context, e chat.NameChanged) {
			send(webhooks.Event{
				Type: webhooks.EventNameChange, ID: e.ID, At: e.At, Data: webhooks.Rename{User: webhookUser(chat.InfoOf(e.User)), NewName: e.User.DisplayName},
			})
		},
		VisibilityChanged: func(_ context.Context, e chat.VisibilityChanged) {
			send(webhooks.Event{
				Type: webhooks.EventVisibilityUpdate, ID: e.ID, At: e.At, Data: webhooks.Visibility{MessageIDs: e.Messages, Visible: e.Visible},
			})
		},
		Followed: func(_ context.Context, e federation.Followed) {
			send(webhooks.Event{Type: webhooks.EventFediverseFollow, At: e.At, Data: webhooks.Follow{
				Name: e.By.Name, Username: e.By.Account, Image: e.By.Picture,
			}})
		},
	}
}

func webhookUser(u chat.UserInfo) webhooks.User {
	return webhooks.User{
		ID: u.ID, DisplayName: u.DisplayName, DisplayColor: u.DisplayColor, CreatedAt: u.CreatedAt, DisabledAt: u.DisabledAt,
		NameChangedAt: u.NameChangedAt, PreviousNames: u.PreviousNames, Scopes: u.Scopes, AuthProviders: u.AuthProviders,
		IsBot: u.IsBot, Authenticated: u.Authenticated,
	}
}
