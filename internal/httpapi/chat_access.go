package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// chatAuthenticator knows users of the site around the App by their requests.
// The error matches [httpx.ErrUnauthorized] for others.
type chatAuthenticator interface {
	AuthenticateChat(r *http.Request) (repository.User, error)
}

// tokenQuery is the parameter that clients of such servers send the token in.
const tokenQuery = "accessToken"

// chatToken is the access token that r has; "" if it has none. A browser sends
// neither by itself.
func chatToken(r *http.Request) string {
	if token := r.URL.Query().Get(tokenQuery); token != "" {
		return token
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(secret)
	}
	return ""
}

// identify returns the chat user who sent r. The error matches
// [httpx.ErrUnauthorized] if there is none, [chat.ErrUserDisabled], or
// [httpx.ErrForbidden] if another site made a browser send it.
func (a *api) identify(r *http.Request) (u repository.User, err error) {
	if token := chatToken(r); token != "" {
		u, err = a.Chat.Authenticate(r.Context(), token)
		if errors.Is(err, chat.ErrUnknownUser) {
			err = httpx.ErrUnauthorized
		}
	} else if a.ChatUsers != nil {
		if err := a.checkOrigin(r); err != nil {
			return u, err
		}
		host, err := a.ChatUsers.AuthenticateChat(r)
		if err != nil {
			return u, err
		}
		u, err = a.Chat.HostUser(r.Context(), host)
		if err != nil {
			return u, err
		}
	} else {
		err = httpx.ErrUnauthorized
	}
	if err == nil && u.Disabled() {
		err = chat.ErrUserDisabled
	}
	return u, err
}

// checkOrigin refuses what another site makes a browser send along with what
// the browser knows of the user, such as cookies: that a site may not read the
// answer does not keep it from opening a WebSocket.
func (a *api) checkOrigin(r *http.Request) error {
	if err := a.checkSite(r); err != nil {
		return err
	}
	origin := r.Header.Get("Origin")
	if origin == "" || a.Origin != "" && origin == a.Origin {
		return nil
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return nil
	}
	return httpx.ErrForbidden
}

// chatter lets users of the chat through who have the role or a higher one, and
// writes down what moderators change.
func (a *api) chatter(least repository.Role, next httpx.HandlerFunc) httpx.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		u, err := a.identify(r)
		if err == nil && least < repository.RoleModerator {
			err = a.Chat.CheckAddress(r.Context(), a.ClientIP(r))
		}
		if errors.Is(err, httpx.ErrUnauthorized) || errors.Is(err, chat.ErrUserDisabled) || errors.Is(err, chat.ErrBanned) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Owncast chat"`)
			return errors.Join(httpx.ErrUnauthorized, err)
		}
		if err != nil {
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), userKey{}, u))
		checked := func(w http.ResponseWriter, r *http.Request) error {
			if u.Role < least {
				return httpx.ErrForbidden
			}
			return next(w, r)
		}
		if least < repository.RoleModerator {
			return checked(w, r)
		}
		return a.audited(actor{id: u.ID, name: u.DisplayName}, w, r, checked)
	}
}

// programKey is what a request's context has the token under that let a
// program in.
type programKey struct{}

// callingProgram is the token of the program that sent r.
func callingProgram(r *http.Request) repository.Token {
	t, _ := r.Context().Value(programKey{}).(repository.Token)
	return t
}

// moderator is who acts with r, as the chat has it.
func moderator(r *http.Request) chat.Actor {
	if t := callingProgram(r); t.ID != "" {
		return chat.Actor{ID: t.ID, Name: t.Name, Role: repository.RoleAdmin} // only its scope has let it here
	}
	u := caller(r)
	return chat.Actor{ID: u.ID, Name: u.DisplayName, Role: u.Role}
}
