package httpapi

import (
	"errors"
	"fmt"
	"html"
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/otp"
	"github.com/owncast-go/owncast/repository"
)

// sendCode sends a code to an account of the fediverse.
func (a *api) sendCode(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Account string `json:"account"`
	}
	if err := httpx.DecodeJSON(w, r, maxAuthBody, &body); err != nil {
		return err
	}
	account, err := otp.Account(body.Account)
	token := chatToken(r)
	switch {
	case a.Federation == nil:
		return httpx.BadRequest(federationOff)
	case token == "":
		return httpx.BadRequest(noProofNeeded)
	case err != nil:
		return httpx.BadRequest(`field "account" is no account such as user@example.org`)
	}
	code, err := a.Codes.Issue(token, account, a.ClientIP(r))
	if busy := new(otp.BusyError); errors.As(err, &busy) {
		return httpx.TooManyRequests(busy.RetryAfter)
	}
	if err != nil {
		return err
	}
	i, err := a.Settings.Instance.Peek(r.Context())
	if err == nil {
		err = a.Federation.Message(r.Context(), account, fmt.Sprintf(
			"<p>One-time code from %s: %s. If you did not request this message please ignore or block.</p>", html.EscapeString(i.Name), code))
	}
	if err != nil {
		a.Codes.Revoke(token)
		if text := federationError(err); text != "" {
			return &httpx.BadRequestError{Message: "Could not send code to fediverse: " + text, Err: err}
		}
		return err
	}
	return accept(w, "")
}

// verifyCode takes the code back.
func (a *api) verifyCode(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Code string `json:"code"`
	}
	if err := httpx.DecodeJSON(w, r, maxAuthBody, &body); err != nil {
		return err
	}
	token := chatToken(r)
	if body.Code == "" {
		return httpx.BadRequest(`field "code" is missing`)
	}
	account, err := a.Codes.Redeem(token, body.Code, a.ClientIP(r))
	if busy := new(otp.BusyError); errors.As(err, &busy) {
		return httpx.TooManyRequests(busy.RetryAfter)
	}
	if errors.Is(err, otp.ErrWrong) {
		return httpx.ErrForbidden
	}
	if err != nil {
		return err
	}
	if err := a.prove(r, token, repository.IdentityFediverse, account); err != nil {
		return err
	}
	return accept(w, "")
}
