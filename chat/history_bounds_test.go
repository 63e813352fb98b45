package chat

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

func TestWhatIsLostDoesNotPileUp(t *testing.T) {
	h := newHistory(nil, slog.New(slog.DiscardHandler)) // nobody stores
	for i := range 6 * maxUnstored {
		h.add(repository.Message{ID: fmt.Sprint(i)})
	}
	if len(h.queue) != maxUnstored || h.lost != 5*maxUnstored || len(h.forsook) > 2*maxUnstored {
		t.Errorf("%d wait, %d were lost, %d are remembered", len(h.queue), h.lost, len(h.forsook))
	}
	if last := fmt.Sprint(6*maxUnstored - 1); !h.forsaken(last) || h.forsaken("0") {
		t.Error("the last one counts as stored, or the first as lost")
	}
}
