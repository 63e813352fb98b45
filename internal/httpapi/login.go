package httpapi

import (
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// maxLoginBody is more than a password of the greatest length takes, escaped.
const maxLoginBody = 8 << 10

// sessionBody says who somebody is.
type sessionBody struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Role        string `json:"role"` // viewer, moderator or admin
}

func session(u repository.User) sessionBody {
	b := sessionBody{ID: u.ID, DisplayName: u.DisplayName, Role: "viewer"}
	switch {
	case u.Role >= repository.RoleAdmin:
		b.Role = "admin"
	case u.Role >= repository.RoleModerator:
		b.Role = "moderator"
	}
	return b
}

// adminLogin begins a session, where the App knows passwords: not with the
// host's own Authenticator.
func (a *api) adminLogin(w http.ResponseWriter, r *http.Request) error {
	if err := a.checkSite(r); err != nil {
		return err
	}
	var body struct {
		Password *string `json:"password"`
	}
	if err := httpx.DecodeJSON(w, r, maxLoginBody, &body); err != nil {
		return err
	}
	s, ok := a.Admin.(signer)
	switch {
	case !ok:
		return httpx.ErrNotFound
	case body.Password == nil:
		return httpx.BadRequest(`field "password" is missing`)
	}
	user, cookie, err := s.SignIn(r, *body.Password)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	a.record(r, actor{id: user.ID, name: user.DisplayName}, "", http.StatusOK)
	return httpx.JSON(w, http.StatusOK, session(user))
}

// adminLogout ends the session of whoever asks. Without one there is nothing
// to do.
func (a *api) adminLogout(w http.ResponseWriter, r *http.Request) error {
	if err := a.checkSite(r); err != nil {
		return err
	}
	s, ok := a.Admin.(signer)
	if !ok {
		return httpx.ErrNotFound
	}
	http.SetCookie(w, s.SignOut(r))
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "signed out"})
}

// adminSession tells the page who it works for.
func (a *api) adminSession(w http.ResponseWriter, r *http.Request) error {
	return httpx.JSON(w, http.StatusOK, session(caller(r)))
}
