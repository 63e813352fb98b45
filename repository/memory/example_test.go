package memory_test

import (
	"context"
	"fmt"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// A test of a program needs no files.
func ExampleNew() {
	repo := memory.New()
	ctx := context.Background()
	if _, err := repo.Users.SaveUser(ctx, repository.User{ID: "bob", DisplayName: "Bob"}); err != nil {
		fmt.Println(err)
		return
	}
	u, err := repo.Users.User(ctx, "bob")
	fmt.Println(u.DisplayName, u.Revision, err)
	// Output: Bob 1 <nil>
}
