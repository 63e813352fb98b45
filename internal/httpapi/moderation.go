package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

func moderationRoutes() []Route {
	return []Route{
		{"GET", "/api/admin/chat/clients", Moderator, 0, mediaJSON, (*api).chatClients},
		{"GET", "/api/admin/chat/clientsOverTime", Moderator, 0, mediaJSON, (*api).chatClientsOverTime},
		{"GET", "/api/admin/chat/messages", Moderator, 0, mediaJSON, (*api).chatMessages},
		{"POST", "/api/admin/chat/messagevisibility", Moderator, maxVisibilityBody, mediaJSON, (*api).setVisibility},
		{"GET", "/api/admin/chat/held", Moderator, 0, mediaJSON, (*api).heldMessages},
		{"POST", "/api/admin/chat/held/approve", Moderator, maxUserBody, mediaJSON, (*api).approveHeld},
		{"POST", "/api/admin/chat/held/reject", Moderator, maxUserBody, mediaJSON, (*api).rejectHeld},
		{"GET", "/api/admin/moderation/chat/user/{userId}", Moderator, 0, mediaJSON, (*api).userDetails},
		{"POST", "/api/admin/chat/users/setenabled", Moderator, maxUserBody, mediaJSON, (*api).setEnabled},
		{"POST", "/api/admin/chat/users/timeout", Moderator, maxUserBody, mediaJSON, (*api).timeOut},
		{"GET", "/api/admin/chat/users/disabled", Moderator, 0, mediaJSON, (*api).disabledUsers},
		{"GET", "/api/admin/chat/users/moderators", Admin, 0, mediaJSON, (*api).moderators},
		{"POST", "/api/admin/chat/users/setmoderator", Admin, maxUserBody, mediaJSON, (*api).setModerator},
		{"GET", "/api/admin/chat/users/ipbans", Admin, 0, mediaJSON, (*api).addressBans},
		{"POST", "/api/admin/chat/users/ipbans/create", Admin, maxUserBody, mediaJSON, (*api).banAddress},
		{"POST", "/api/admin/chat/users/ipbans/remove", Admin, maxUserBody, mediaJSON, (*api).unbanAddress},
		{"POST", "/api/admin/chat/users/identitybans/create", Admin, maxUserBody, mediaJSON, (*api).banIdentity},
		{"GET", "/api/admin/users", Admin, 0, mediaJSON, (*api).users},
		{"POST", "/api/admin/users/delete", Admin, maxUserBody, mediaJSON, (*api).deleteUser},
	}
}

// disabledUserBody is a user as moderators see one.
type disabledUserBody struct {
	chat.UserInfo
	DisabledReason string `json:"disabledReason,omitempty"`
}

func userBody(u repository.User) disabledUserBody {
	return disabledUserBody{chat.InfoOf(u), u.DisabledReason}
}

// userBodies never is null.
func userBodies(users []repository.User) []disabledUserBody {
	body := make([]disabledUserBody, 0, len(users))
	for _, u := range users {
		body = append(body, userBody(u))
	}
	return body
}

// chatClientBody is a connection. ID and IPAddress are ours.
type chatClientBody struct {
	ConnectedAt  time.Time     `json:"connectedAt"`
	User         chat.UserInfo `json:"user"`
	Geo          *geoBody      `json:"geo"`
	UserAgent    string        `json:"userAgent"`
	MessageCount int           `json:"messageCount"`
	ID           uint64        `json:"id"`
	IPAddress    string        `json:"ipAddress"`
}

func (a *api) chatClients(w http.ResponseWriter, _ *http.Request) error {
	clients := a.Chat.Clients()
	body := make([]chatClientBody, 0, len(clients))
	for _, c := range clients {
		body = append(body, chatClientBody{
			ConnectedAt: c.ConnectedAt, User: chat.InfoOf(c.User), Geo: geo(a.Audience.Locate(c.Address)),
			UserAgent: c.UserAgent, MessageCount: c.Messages, ID: c.ID, IPAddress: address(c.Address),
		})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) chatClientsOverTime(w http.ResponseWriter, r *http.Request) error {
	start, err := strconv.ParseInt(r.URL.Query().Get("windowStart"), 10, 64)
	if err != nil {
		return &httpx.BadRequestError{Message: `query parameter "windowStart" must be a number of seconds since 1970`, Err: err}
	}
	samples, err := a.Chat.ClientsOverTime(r.Context(), time.Unix(max(start, 0), 0))
	if err != nil {
		return err
	}
	body := make([]pointBody, 0, len(samples))
	for _, s := range samples {
		body = append(body, pointBody{s.At.Truncate(time.Second), s.Value})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) chatMessages(w http.ResponseWriter, r *http.Request) error {
	messages, err := a.Chat.Messages(r.Context(), "")
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, messages)
}

func (a *api) setVisibility(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		IDs     []string `json:"idArray"`
		Visible *bool    `json:"visible"`
	}
	if err := httpx.DecodeJSON(w, r, maxVisibilityBody, &body); err != nil {
		return err
	}
	if body.IDs == nil || body.Visible == nil {
		return httpx.BadRequest("missing required fields: idArray and visible are required")
	}
	target(r, "messages "+strings.Join(body.IDs, " "))
	if len(body.IDs) > 0 {
		if err := a.Chat.SetVisible(r.Context(), moderator(r), *body.Visible, body.IDs...); err != nil {
			return err
		}
	}
	return accept(w, "changed")
}

func (a *api) setEnabled(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		UserID  string `json:"userId"`
		Enabled *bool  `json:"enabled"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	if body.UserID == "" || body.Enabled == nil {
		return httpx.BadRequest("must provide userId and enabled state")
	}
	target(r, "user "+body.UserID)
	var err error
	if *body.Enabled {
		err = a.Chat.Enable(r.Context(), moderator(r), body.UserID)
	} else {
		err = a.Chat.Disable(r.Context(), moderator(r), body.UserID, body.Reason)
	}
	if err != nil {
		return err
	}
	return accept(w, fmt.Sprintf("%s enabled: %t", body.UserID, *body.Enabled))
}

func (a *api) timeOut(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		UserID  string `json:"userId"`
		Seconds *int   `json:"seconds"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	longest := int(chat.MaxTimeOut / time.Second)
	if body.UserID == "" || body.Seconds == nil || *body.Seconds < 0 || *body.Seconds > longest {
		return httpx.BadRequest(fmt.Sprintf("must provide userId, and seconds from 0 to %d", longest))
	}
	target(r, "user "+body.UserID)
	d := time.Duration(*body.Seconds) * time.Second
	if err := a.Chat.TimeOut(r.Context(), moderator(r), body.UserID, d, body.Reason); err != nil {
		return err
	}
	return accept(w, fmt.Sprintf("%s timed out: %d", body.UserID, *body.Seconds))
}

func (a *api) setModerator(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		UserID      string `json:"userId"`
		IsModerator *bool  `json:"isModerator"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	if body.UserID == "" || body.IsModerator == nil {
		return httpx.BadRequest("must provide userId and isModerator")
	}
	target(r, "user "+body.UserID)
	if err := a.Chat.SetModerator(r.Context(), moderator(r), body.UserID, *body.IsModerator); err != nil {
		return err
	}
	return accept(w, fmt.Sprintf("%s is moderator: %t", body.UserID, *body.IsModerator))
}

func (a *api) disabledUsers(w http.ResponseWriter, r *http.Request) error {
	users, _, err := a.Users.Users(r.Context(), repository.UserQuery{Status: repository.UsersDisabled, Kind: repository.UsersPeople})
	if err != nil {
		return err
	}
	sort.Slice(users, func(i, j int) bool { return users[i].DisabledAt.Before(users[j].DisabledAt) })
	return httpx.JSON(w, http.StatusOK, userBodies(users))
}

func (a *api) moderators(w http.ResponseWriter, r *http.Request) error {
	users, _, err := a.Users.Users(r.Context(), repository.UserQuery{MinRole: repository.RoleModerator, OldestFirst: true})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, userBodies(users))
}

// banBody is a ban of an address, or of all that begin alike.
type banBody struct {
	IPAddress string    `json:"ipAddress"`
	Notes     string    `json:"notes"`
	CreatedAt time.Time `json:"createdAt"`
}

func (a *api) addressBans(w http.ResponseWriter, r *http.Request) error {
	bans, err := a.Chat.Bans(r.Context())
	if err != nil {
		return err
	}
	body := make([]banBody, 0, len(bans))
	for _, b := range bans {
		body = append(body, banBody{banned(b.Prefix), b.Note, b.CreatedAt})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// banned is a prefix as clients know it: as an address if it is one.
func banned(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// readPrefix reads {"value": …} with an address or a prefix.
func readPrefix(w http.ResponseWriter, r *http.Request) (netip.Prefix, error) {
	text, err := value[string](w, r, "")
	if err != nil {
		return netip.Prefix{}, err
	}
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return chat.AddressPrefix(addr), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Bits() < 8 {
		return p, httpx.BadRequest(`field "value" must be an IP address, or a prefix of at least 8 bits such as 192.0.2.0/24`)
	}
	return repository.NormalPrefix(p), nil
}

func (a *api) banAddress(w http.ResponseWriter, r *http.Request) error {
	p, err := readPrefix(w, r)
	if err != nil {
		return err
	}
	target(r, "address "+banned(p))
	err = a.Chat.Ban(r.Context(), moderator(r), p, "manually added")
	if errors.Is(err, repository.ErrConflict) {
		return refuse(w, http.StatusBadRequest, "error saving IP address ban")
	}
	if err != nil {
		return err
	}
	return accept(w, "IP address banned")
}

func (a *api) unbanAddress(w http.ResponseWriter, r *http.Request) error {
	p, err := readPrefix(w, r)
	if err != nil {
		return err
	}
	target(r, "address "+banned(p))
	err = a.Chat.Unban(r.Context(), p)
	if errors.Is(err, repository.ErrNotFound) {
		return refuse(w, http.StatusBadRequest, "error removing IP address ban")
	}
	if err != nil {
		return err
	}
	return accept(w, "IP address unbanned")
}

func (a *api) banIdentity(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Kind    string `json:"kind"`
		Subject string `json:"subject"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	if body.Kind == "" || body.Subject == "" {
		return httpx.BadRequest("must provide kind and subject")
	}
	target(r, body.Kind+" "+body.Subject)
	u, err := a.Chat.BanIdentity(r.Context(), moderator(r), body.Kind, body.Subject, body.Reason)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, userBody(u))
}

// userDetailsBody is what moderators see of a user.
type userDetailsBody struct {
	User             disabledUserBody  `json:"user"`
	ConnectedClients []userClientBody  `json:"connectedClients"`
	Messages         []userMessageBody `json:"messages"`
}

type userClientBody struct {
	ConnectedAt  time.Time `json:"connectedAt"`
	UserAgent    string    `json:"userAgent"`
	Geo          string    `json:"geo"`
	ID           uint64    `json:"id"`
	MessageCount int       `json:"messageCount"`
}

type userMessageBody struct {
	Timestamp time.Time  `json:"timestamp"`
	ID        string     `json:"id"`
	Body      string     `json:"body"`
	HiddenAt  *time.Time `json:"hiddenAt,omitempty"`
}

func (a *api) userDetails(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("userId")
	u, err := a.Users.User(r.Context(), id)
	if err != nil {
		return err
	}
	body := userDetailsBody{User: userBody(u), ConnectedClients: []userClientBody{}, Messages: []userMessageBody{}}
	for _, c := range a.Chat.ClientsOf(id) {
		b := userClientBody{ConnectedAt: c.ConnectedAt, UserAgent: c.UserAgent, ID: c.ID, MessageCount: c.Messages}
		if g := a.Audience.Locate(c.Address); g != nil {
			b.Geo = g.CountryCode
		}
		body.ConnectedClients = append(body.ConnectedClients, b)
	}
	messages, err := a.Chat.Messages(r.Context(), id)
	if err != nil {
		return err
	}
	for _, m := range messages {
		b := userMessageBody{Timestamp: m.SentAt, ID: m.ID, Body: m.Body}
		if !m.HiddenAt.IsZero() {
			b.HiddenAt = &m.HiddenAt
		}
		body.Messages = append(body.Messages, b)
	}
	return httpx.JSON(w, http.StatusOK, body)
}

// heldBody is a message that waits for a moderator.
type heldBody struct {
	ID        string        `json:"id"`
	Timestamp time.Time     `json:"timestamp"`
	User      chat.UserInfo `json:"user"`
	Body      string        `json:"body"` // text, not HTML
	Reason    string        `json:"reason"`
}

func (a *api) heldMessages(w http.ResponseWriter, r *http.Request) error {
	held, err := a.Chat.Held(r.Context())
	if err != nil {
		return err
	}
	body := make([]heldBody, 0, len(held))
	for _, h := range held {
		body = append(body, heldBody{h.ID, h.SentAt, chat.InfoOf(h.User), h.Body, h.Reason})
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) approveHeld(w http.ResponseWriter, r *http.Request) error {
	return a.decideHeld(w, r, "approved", a.Chat.Approve)
}

func (a *api) rejectHeld(w http.ResponseWriter, r *http.Request) error {
	return a.decideHeld(w, r, "rejected", a.Chat.Reject)
}

func (a *api) decideHeld(w http.ResponseWriter, r *http.Request, done string, decide func(context.Context, chat.Actor, string) error) error {
	var body struct {
		ID string `json:"id"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	if body.ID == "" {
		return httpx.BadRequest("must provide id")
	}
	target(r, "message "+body.ID)
	if err := decide(r.Context(), moderator(r), body.ID); err != nil {
		return err
	}
	return accept(w, done)
}
