package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/owncast-go/owncast/repository"
)

// ChannelBrowserPush is what clients know the channel of browsers as.
const ChannelBrowserPush = "BROWSER_PUSH_NOTIFICATION"

// Errors of subscribing.
var (
	// ErrSubscription is one that is none, or of a browser that nothing could
	// be sent to.
	ErrSubscription = errors.New("webhooks: not a push subscription")
	// ErrSubscriptions is one more than there may be.
	ErrSubscriptions = errors.New("webhooks: there are too many push subscriptions")
)

// Push tells people by their browsers (RFC 8030), also while those are not on
// the page. It is safe for concurrent use, but for Notify.
type Push interface {
	Notifier
	// PublicKey is the key that browsers subscribe with, in base64url.
	PublicKey(ctx context.Context) (string, error)
	// Subscribe adds a browser: subscription is the JSON of its
	// PushSubscription. The error matches [ErrSubscription] if it is none, and
	// [ErrSubscriptions] if there are too many.
	Subscribe(ctx context.Context, subscription string) error
	// Subscriptions is how many browsers there are.
	Subscriptions(ctx context.Context) (int, error)
}

// PushConfig is what a Push is made of. All but the Logger is required.
type PushConfig struct {
	Subscriptions repository.Notifications
	Settings      repository.Settings // has the section of [PushKeysSetting]
	// Client sends to whatever browsers name: it must not reach private
	// networks.
	Client *http.Client
	// Contact returns how the operators of push services reach whoever runs
	// the server: an https URL, or an e-mail address (RFC 8292, section 2.1).
	Contact func(context.Context) string
	Logger  *slog.Logger // nil discards
}
