package chat_test

import (
	"context"
	"fmt"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/repository/memory"
)

// A room without a server around it: somebody registers and says something,
// and the history has it. An App has such a room, at App.Chat.
func ExampleServer() {
	repo := memory.New()
	room, err := chat.New(chat.Config{
		Stores: chat.Stores{Messages: repo.Chat, Users: repo.Users, Credentials: repo.Credentials, Bans: repo.Bans},
		Settings: func(ctx context.Context) (chat.Settings, error) {
			s, _, err := chat.Setting().Get(ctx, repo.Settings)
			return s, err
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := room.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer room.Shutdown(ctx)

	alice, _, err := room.Register(ctx, chat.Registration{Name: "Alice"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := room.SendAs(ctx, alice.ID, "hello")
	fmt.Println(alice.DisplayName, m.Body, err)
	// Output: Alice hello <nil>
}

// Words are found however they are written.
func ExampleWordList() {
	words := chat.NewWordList("spam", "buy now")
	for _, text := range []string{"Sp4m!", "s p a m", "buy it now", "spammers"} {
		fmt.Println(words.Find(text))
	}
	// Output:
	// true
	// true
	// false
	// false
}
