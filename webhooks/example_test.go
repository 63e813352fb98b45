package webhooks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/owncast-go/owncast/webhooks"
)

// A receiver of webhooks takes what its server has signed, and nothing else.
func ExampleVerify() {
	const secret = "what the answer to create has shown"
	receive := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if err := webhooks.Verify(secret, r.Header.Get("Owncast-Signature"), body, time.Now()); err != nil {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		// … once for each value of Owncast-Delivery …
		w.WriteHeader(http.StatusNoContent)
	}

	body := []byte(`{"type":"STREAM_STARTED","eventData":{}}`)
	for _, s := range []string{secret, "a guess"} {
		r := httptest.NewRequest(http.MethodPost, "/hook", bytes.NewReader(body))
		r.Header.Set("Owncast-Signature", webhooks.Sign(s, time.Now(), body))
		w := httptest.NewRecorder()
		receive(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 204
	// 403
}

// A Notifier that says which failures it is of no use to repeat.
func ExampleNotifierFunc() {
	n := webhooks.NotifierFunc(func(_ context.Context, n webhooks.Notification) error {
		return fmt.Errorf("the pager has no number: %w", webhooks.ErrPermanent)
	})
	err := n.Notify(context.Background(), webhooks.Notification{ID: "1", Kind: webhooks.NotifyStream, Message: "I am live"})
	fmt.Println(errors.Is(err, webhooks.ErrPermanent))
	// Output: true
}
