package repository

import (
	"context"
	"net/netip"
	"time"
)

// Ban keeps an address, or a range of addresses, out of the chat.
type Ban struct {
	// Prefix is the banned range. A single address is a prefix of 32 or 128
	// bits. An IPv4-mapped IPv6 address stands for the IPv4 address.
	Prefix    netip.Prefix
	CreatedAt time.Time
	By        string // ID of the user who banned it; empty if it was a program
	Note      string // for administrators
}

// NormalPrefix returns the canonical form of a prefix, which bans are stored
// with: masked, and IPv4 where it is an IPv4-mapped IPv6 prefix. It returns the
// zero Prefix if p is not valid.
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

// Bans stores the banned addresses.
type Bans interface {
	// AddBan stores b with its prefix in the form of [NormalPrefix]. The error
	// matches [ErrConflict] if there is a ban of the same prefix, and
	// [ErrInvalid] if b.Check fails.
	AddBan(ctx context.Context, b Ban) error
	// DeleteBan removes the ban of exactly this prefix, or returns an error
	// matching [ErrNotFound].
	DeleteBan(ctx context.Context, p netip.Prefix) error
	// BanOf returns the ban with the longest prefix that contains the address,
	// or an error matching [ErrNotFound]. It is fast however many bans there
	// are.
	BanOf(ctx context.Context, addr netip.Addr) (Ban, error)
	// Bans returns all bans, newest first.
	Bans(ctx context.Context) ([]Ban, error)
}
