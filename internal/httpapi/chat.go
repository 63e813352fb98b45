package httpapi

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// The most that the bodies of the chat may have.
const (
	maxRegisterBody   = 4 << 10
	maxChatBody       = 6*chat.MaxBodyBytes + 1<<10 // a byte is six of JSON at worst
	maxVisibilityBody = 64 << 10
	maxUserBody       = 4 << 10
)

func chatRoutes() []Route {
	return []Route{
		{"GET", "/ws", Anyone, 0, "", (*api).socket},
		{"GET", "/api/chat", ChatUser, 0, mediaJSON, (*api).chatHistory},
		{"POST", "/api/chat/register", Anyone, maxRegisterBody, mediaJSON, (*api).chatRegister},
		{"OPTIONS", "/api/chat/register", Anyone, 0, "", preflight("POST", "Content-Type")},
		{"POST", "/api/chat/messagevisibility", ChatModerator, maxVisibilityBody, mediaJSON, (*api).setVisibility},
		{"POST", "/api/chat/users/setenabled", ChatModerator, maxUserBody, mediaJSON, (*api).setEnabled},
		{"POST", "/api/chat/users/timeout", ChatModerator, maxUserBody, mediaJSON, (*api).timeOut},
		{"GET", "/api/moderation/chat/user/{userId}", ChatModerator, 0, mediaJSON, (*api).userDetails},
		{"GET", "/api/moderation/chat/held", ChatModerator, 0, mediaJSON, (*api).heldMessages},
		{"POST", "/api/moderation/chat/held/approve", ChatModerator, maxUserBody, mediaJSON, (*api).approveHeld},
		{"POST", "/api/moderation/chat/held/reject", ChatModerator, maxUserBody, mediaJSON, (*api).rejectHeld},
	}
}

func chatIntegrationRoutes() []Route {
	return []Route{
		{"POST", "/api/integrations/chat/system", TokenSendSystemMessages, maxChatBody, mediaJSON, (*api).integrationSystem},
		{"POST", "/api/integrations/chat/system/client/{clientId}", TokenSendSystemMessages, maxChatBody, mediaJSON, (*api).integrationTell},
		{"POST", "/api/integrations/chat/action", TokenSendSystemMessages, maxChatBody, mediaJSON, (*api).integrationAction},
		{"POST", "/api/integrations/chat/send", TokenSendMessages, maxChatBody, mediaJSON, (*api).integrationSend},
		{"POST", "/api/integrations/chat/user", TokenSendMessages, maxChatBody, mediaJSON, (*api).integrationUser},
		{"POST", "/api/integrations/chat/messagevisibility", TokenAdmin, maxVisibilityBody, mediaJSON, (*api).setVisibility},
		{"GET", "/api/integrations/chat", TokenAdmin, 0, mediaJSON, (*api).chatHistory},
		{"GET", "/api/integrations/clients", TokenAdmin, 0, mediaJSON, (*api).chatClients},
		{"GET", "/api/integrations/moderation/chat/user/{userId}", TokenAdmin, 0, mediaJSON, (*api).userDetails},
	}
}

// socket lets a client into the chat, or tells it by the WebSocket to register
// first. What is refused before has no WebSocket, which scripts of a page can
// tell by the failure alone.
func (a *api) socket(w http.ResponseWriter, r *http.Request) error {
	addr := a.ClientIP(r)
	if err := a.Chat.Admit(r.Context(), addr); err != nil {
		return err
	}
	v := chat.Visitor{Address: addr, Mount: a.mountPath(r)}
	u, err := a.identify(r)
	switch {
	case err == nil:
		v.User = u
		if token := chatToken(r); token != "" {
			v.Token = repository.HashSecret(token)
		}
	case errors.Is(err, httpx.ErrUnauthorized):
		v.Refusal = chat.ErrUnknownUser
	case errors.Is(err, chat.ErrUserDisabled):
		v.Refusal = chat.ErrUserDisabled
	default:
		return err
	}
	return a.Chat.Connect(w, r, v)
}

// chatHistory is the last messages that everybody may see.
func (a *api) chatHistory(w http.ResponseWriter, r *http.Request) error {
	body, err := a.Chat.Recent(r.Context())
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", mediaJSON)
	h.Set("X-Content-Type-Options", "nosniff")
	httpx.NoCache(h)
	_, err = w.Write(body)
	return err
}

// registeredBody is the answer of /api/chat/register.
type registeredBody struct {
	ID          string `json:"id"`
	AccessToken string `json:"accessToken"`
	DisplayName string `json:"displayName"`
}

// chatRegister makes a user. A proxy that is trusted may name who has signed
// in with it.
func (a *api) chatRegister(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	var body struct {
		DisplayName string `json:"displayName"`
	}
	data, err := httpx.ReadBody(w, r, maxRegisterBody)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) > 0 {
		if err := httpx.UnmarshalJSON(data, &body); err != nil {
			return err
		}
	}
	if name := r.Header.Get("X-Forwarded-User"); name != "" && a.FromProxy(r) {
		body.DisplayName = name
	}
	u, token, err := a.Chat.Register(r.Context(), chat.Registration{Name: body.DisplayName, Address: a.ClientIP(r)})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, registeredBody{u.ID, token, u.DisplayName})
}

// messageBody is a message that a program sends.
type messageBody struct {
	Body string `json:"body"`
}

// readMessage reads a message. Empty is what is said of an empty one.
func readMessage(w http.ResponseWriter, r *http.Request, empty string) (string, error) {
	var body messageBody
	if err := httpx.DecodeJSON(w, r, maxChatBody, &body); err != nil {
		return "", err
	}
	if body.Body == "" {
		return "", httpx.BadRequest(empty)
	}
	return body.Body, nil
}

const noBody = "no message body provided"

func (a *api) integrationSystem(w http.ResponseWriter, r *http.Request) error {
	body, err := readMessage(w, r, noBody)
	if err != nil {
		return err
	}
	if err := a.Chat.System(r.Context(), body); err != nil {
		return err
	}
	return accept(w, "sent")
}

func (a *api) integrationTell(w http.ResponseWriter, r *http.Request) error {
	body, err := readMessage(w, r, noBody)
	if err != nil {
		return err
	}
	id, err := number(r.PathValue("clientId"), 0)
	if err != nil {
		return httpx.BadRequest("the id of the client must be a number")
	}
	if err := a.Chat.Tell(r.Context(), id, body); err != nil {
		return err
	}
	return accept(w, "sent")
}

func (a *api) integrationAction(w http.ResponseWriter, r *http.Request) error {
	body, err := readMessage(w, r, noBody)
	if err != nil {
		return err
	}
	if err := a.Chat.Action(r.Context(), body); err != nil {
		return err
	}
	return accept(w, "sent")
}

// integrationSend sends a message of the program that the token is of.
func (a *api) integrationSend(w http.ResponseWriter, r *http.Request) error {
	body, err := readMessage(w, r, "invalid message")
	if err != nil {
		return err
	}
	u, err := a.Chat.SaveBot(r.Context(), bot(callingProgram(r)))
	if err != nil {
		return err
	}
	if _, err := a.Chat.SendAs(r.Context(), u.ID, body); err != nil {
		if errors.Is(err, chat.ErrEmpty) {
			return httpx.BadRequest("invalid message")
		}
		return err
	}
	return accept(w, "sent")
}

// bot is a program as the chat has it.
func bot(t repository.Token) chat.Bot {
	return chat.Bot{ID: t.ID, Name: t.Name, Color: t.Color, Scopes: t.Scopes}
}

// integrationUser is for programs of other times.
func (a *api) integrationUser(w http.ResponseWriter, r *http.Request) error {
	if _, err := httpx.ReadBody(w, r, maxChatBody); err != nil {
		return err
	}
	return httpx.BadRequest("no longer supported. see /api/integrations/chat/send")
}
