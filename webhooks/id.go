package webhooks

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// names makes names that nothing else has, of 26 letters and digits, which sort
// in the order that they were made in.
type names struct {
	mu   sync.Mutex // guards last
	last uint64     // the milliseconds since 1970 in 48 bits, and a number
}

func (n *names) next(at time.Time) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last+1, uint64(at.UnixMilli())<<16)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.last)
	_, _ = rand.Read(b[8:]) // it never fails
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// newSecret returns a secret for signatures.
func newSecret() string { return rand.Text() + rand.Text() }
