package repository

import (
	"context"
	"net/netip"
	"time"
)

// Ban keeps an address, or all that begin like it, out of the chat.
type Ban struct {
	// Prefix is what is banned. A single address is a prefix of 32 or 128
	// bits. An IPv4 address written as an IPv6 one is the IPv4 address.
	Prefix    netip.Prefix
	CreatedAt time.Time
	By        string // the id of the user who did it; empty if it was a program
	Note      string // for administrators
}

// NormalPrefix returns the prefix as bans have it: masked, and IPv4 where it
// is IPv4 in IPv6. It returns the zero Prefix for one that is not valid.
func NormalPrefix(p netip.Prefix) netip.Prefix {
	addr, bits := p.Addr().WithZone(""), p.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	n, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return n
}

// Check returns an error matching [ErrInvalid] unless b may be stored.
func (b Ban) Check() error {
	if !NormalPrefix(b.Prefix).IsValid() {
		return invalid("ban of no address")
	}
	return nil
}

// Bans stores which addresses are kept out.
type Bans interface {
	// AddBan stores b with its prefix made normal by [NormalPrefix]. The error
	// matches [ErrConflict] if that very prefix is banned already, and
	// [ErrInvalid] if b.Check does.
	AddBan(ctx context.Context, b Ban) error
	// DeleteBan removes the ban of that very prefix, or returns an error
	// matching [ErrNotFound].
	DeleteBan(ctx context.Context, p netip.Prefix) error
	// BanOf returns the ban with the longest prefix that the address has, or
	// an error matching [ErrNotFound]. It is fast however many bans there are.
	BanOf(ctx context.Context, addr netip.Addr) (Ban, error)
	// Bans returns all bans, the newest first.
	Bans(ctx context.Context) ([]Ban, error)
}
