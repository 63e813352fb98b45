package repository_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// theme is what a program of the host keeps among the settings of the App.
type theme struct {
	Color string `json:"color"`
}

// A section of the settings of one's own: its default, its rules, and a change
// that does not lose somebody else's.
func ExampleSetting() {
	section := repository.Setting[theme]{
		Section: "example.org/theme",
		Default: func() theme { return theme{Color: "blue"} },
		Validate: func(t *theme) error {
			if t.Color == "" {
				return errors.New("there is no color")
			}
			return nil
		},
	}
	ctx, store := context.Background(), memory.New().Settings
	before, _, err := section.Get(ctx, store)
	fmt.Println(before.Color, err)

	after, err := section.Update(ctx, store, func(t *theme) error {
		t.Color = "green"
		return nil
	})
	fmt.Println(after.Color, err)

	_, err = section.Update(ctx, store, func(t *theme) error {
		t.Color = ""
		return nil
	})
	fmt.Println(err)
	// Output:
	// blue <nil>
	// green <nil>
	// setting "example.org/theme": there is no color
}

// Two who change the same user: UpdateUser tries again, SaveUser tells.
func ExampleUpdateUser() {
	ctx, users := context.Background(), memory.New().Users
	alice, err := users.SaveUser(ctx, repository.User{ID: "alice", DisplayName: "Alice"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = repository.UpdateUser(ctx, users, "alice", func(u *repository.User) error {
		u.Role = repository.RoleModerator
		return nil
	})
	fmt.Println(err)

	alice.DisplayName = "Alicia" // of the user as she was before
	_, err = users.SaveUser(ctx, alice)
	fmt.Println(errors.Is(err, repository.ErrConflict))
	// Output:
	// <nil>
	// true
}
