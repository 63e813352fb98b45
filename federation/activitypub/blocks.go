package activitypub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/owncast-go/owncast/federation"
)

// blocks are the domains of the settings, made ready to be asked for. It is
// the one answer to the question whether the channel has anything to do with a
// host: at the inbox, before every request, in what is served, and at the
// delivery.
type blocks struct {
	settings func(context.Context) (federation.Settings, error)
	now      atomic.Pointer[blockState] // nil before the first use
}

type blockState struct {
	domains []string // of the settings, which do not change what they return
	list    *federation.Blocklist
	sum     string
}

// state is what the settings have now. If they cannot be read it is what they
// had last.
func (b *blocks) state(ctx context.Context) (*blockState, error) {
	now := b.now.Load()
	set, err := b.settings(ctx)
	if err != nil {
		return now, err
	}
	if now != nil && (same(now.domains, set.BlockedDomains) || slices.Equal(now.domains, set.BlockedDomains)) {
		return now, nil
	}
	sum := sha256.Sum256([]byte(strings.Join(set.BlockedDomains, "\n")))
	now = &blockState{
		domains: set.BlockedDomains, sum: hex.EncodeToString(sum[:]),
		list: federation.NewBlocklist(set.BlockedDomains, canonicalHost),
	}
	b.now.Store(now)
	return now, nil
}

// same tells whether two lists are one in memory.
func same(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// blocks tells whether a host, with or without a port, is blocked. All are as
// long as nobody knows.
func (b *blocks) blocks(ctx context.Context, host string) bool {
	now, _ := b.state(ctx) //nolint:errcheck // there is the last state, or none
	return now == nil || now.list.Blocks(host)
}

// blocksIRI does the same for the host of an IRI.
func (b *blocks) blocksIRI(ctx context.Context, iri string) bool {
	host := hostOf(iri)
	return host == "" || b.blocks(ctx, host)
}
