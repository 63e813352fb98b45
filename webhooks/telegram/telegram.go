// Package telegram sends notifications to a chat, group or channel of Telegram,
// as a bot.
package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/internal/request"
)

// maxText is how long a message may be, in UTF-16.
const maxText = 4096

// Config is where to send, and as whom.
type Config struct {
	Token  string // of the bot, from @BotFather; a secret
	ChatID string // the id of a chat, or the name of a public channel, such as "@example"
	// Server is the URL of the Bot API. Empty is that of Telegram.
	Server string
	// Client sends. Nil is one that follows no redirects.
	Client *http.Client
}

// Notifier sends to one chat. It is a [webhooks.Notifier].
type Notifier struct{ cfg Config }

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Name returns "telegram".
func (*Notifier) Name() string { return "telegram" }

// message is the parameters of sendMessage. Without a parse mode the text is
// shown as it is.
type message struct {
	ChatID string `json:"chat_id"`
	Text   string `json:"text"`
}

// Notify sends n.
func (t *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	at := strings.TrimRight(cmp.Or(t.cfg.Server, "https://api.telegram.org"), "/") + "/bot" + t.cfg.Token + "/sendMessage"
	body, err := request.JSON(ctx, request.Request{Client: t.cfg.Client, URL: at}, message{t.cfg.ChatID, cut(n.Text())}, t.cfg.Token)
	if err != nil {
		return err
	}
	var answer struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("the answer is none of a Bot API: %w", err)
	}
	if !answer.OK {
		return fmt.Errorf("%w: %s", webhooks.ErrPermanent, answer.Description)
	}
	return nil
}

// cut returns what Telegram takes of s.
func cut(s string) string {
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > maxText {
			return s[:i]
		}
	}
	return s
}
