package httpapi

import (
	"errors"
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// How many users are on a page.
const (
	usersPage    = 50
	maxUsersPage = 500
)

// usersBody is a page of users.
type usersBody struct {
	Total   int                `json:"total"`
	Results []disabledUserBody `json:"results"`
}

func (a *api) users(w http.ResponseWriter, r *http.Request) error {
	q, err := userQuery(r)
	if err != nil {
		return err
	}
	users, total, err := a.Users.Users(r.Context(), q)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, usersBody{total, userBodies(users)})
}

// userQuery reads which users somebody wants to see.
func userQuery(r *http.Request) (q repository.UserQuery, err error) {
	query := r.URL.Query()
	offset, err := number(query.Get("offset"), 0)
	if err != nil {
		return q, httpx.BadRequest(`query parameter "offset" must be a number`)
	}
	limit, err := number(query.Get("limit"), usersPage)
	if err != nil || limit == 0 {
		return q, httpx.BadRequest(`query parameter "limit" must be a number over 0`)
	}
	q.Search = query.Get("search")
	q.Page = repository.Page{Offset: int(min(offset, 1<<31-1)), Limit: int(min(limit, maxUsersPage))}
	switch query.Get("status") {
	case "", "all":
	case "active":
		q.Status = repository.UsersEnabled
	case "banned":
		q.Status = repository.UsersDisabled
	case "bots":
		q.Kind = repository.UsersBots
	case "moderators":
		q.MinRole = repository.RoleModerator
	default:
		return q, httpx.BadRequest(`query parameter "status" must be all, active, bots, moderators or banned`)
	}
	switch query.Get("sort") {
	case "", "desc":
	case "asc":
		q.OldestFirst = true
	default:
		return q, httpx.BadRequest(`query parameter "sort" must be asc or desc`)
	}
	return q, nil
}

func (a *api) deleteUser(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		UserID string `json:"userId"`
	}
	if err := httpx.DecodeJSON(w, r, maxUserBody, &body); err != nil {
		return err
	}
	if body.UserID == "" {
		return refuse(w, http.StatusBadRequest, "must provide userId")
	}
	target(r, "user "+body.UserID)
	err := a.Chat.Delete(r.Context(), moderator(r), body.UserID)
	if errors.Is(err, repository.ErrNotFound) {
		return refuse(w, http.StatusBadRequest, "there is no user of this id")
	}
	if err != nil {
		return err
	}
	return accept(w, "deleted user")
}
