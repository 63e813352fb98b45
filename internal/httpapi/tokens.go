package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

const maxTokenBody = 4 << 10

// tokenBody is a program that may use the API. AccessToken is the secret in
// the answer that makes it. Nobody knows it later: then it is the id, which
// opens nothing and is as good for deleting the token.
type tokenBody struct {
	CreatedAt    time.Time  `json:"createdAt"`
	LastUsedAt   *time.Time `json:"lastUsedAt"`
	ID           string     `json:"id"`
	AccessToken  string     `json:"accessToken"`
	DisplayName  string     `json:"displayName"`
	Type         string     `json:"type"`
	Scopes       []string   `json:"scopes"`
	DisplayColor int        `json:"displayColor"`
	IsBot        bool       `json:"isBot"`
}

func token(t repository.Token, secret string) tokenBody {
	b := tokenBody{
		CreatedAt: t.CreatedAt, ID: t.ID, AccessToken: secret, DisplayName: t.Name, Type: "API",
		Scopes: t.Scopes, DisplayColor: t.Color, IsBot: true,
	}
	if !t.LastUsedAt.IsZero() {
		b.LastUsedAt = &t.LastUsedAt
	}
	return b
}

func (a *api) adminTokens(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Tokens.All(r.Context())
	if err != nil {
		return err
	}
	body := make([]tokenBody, 0, len(list))
	for _, t := range list {
		body = append(body, token(t, t.ID))
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminCreateToken(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name   string   `json:"name"`
		Scopes []string `json:"scopes"`
	}
	if err := httpx.DecodeJSON(w, r, maxTokenBody, &body); err != nil {
		return err
	}
	switch {
	case len(body.Scopes) == 0:
		return httpx.BadRequest("scopes field is required")
	case body.Name == "":
		return httpx.BadRequest("name field is required")
	}
	t, secret, err := a.Tokens.Create(r.Context(), body.Name, body.Scopes)
	switch {
	case errors.Is(err, auth.ErrTokenScopes):
		return httpx.BadRequest("one or more invalid scopes provided")
	case errors.Is(err, auth.ErrTokenName):
		return httpx.BadRequest("the name is empty, or longer than 100 characters")
	case errors.Is(err, auth.ErrTokenCount):
		return httpx.BadRequest("there are too many tokens, delete some")
	case err != nil:
		return err
	}
	target(r, "token "+t.ID)
	if slices.Contains(t.Scopes, auth.ScopeSendMessages) {
		if _, err := a.Chat.SaveBot(r.Context(), bot(t)); err != nil { // which keeps its name for it
			return err
		}
	}
	return httpx.JSON(w, http.StatusOK, token(t, secret))
}

// adminDeleteToken takes the id of a token for what clients of such servers
// know as the token, or the token itself.
func (a *api) adminDeleteToken(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := httpx.DecodeJSON(w, r, maxTokenBody, &body); err != nil {
		return err
	}
	if body.Token == "" {
		return httpx.BadRequest("must provide a token")
	}
	id, err := a.Tokens.Delete(r.Context(), body.Token)
	if err != nil {
		return err
	}
	target(r, "token "+id)
	if err := a.Chat.RetireBot(r.Context(), id); err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, resultBody{Success: true, Message: "deleted token"})
}
