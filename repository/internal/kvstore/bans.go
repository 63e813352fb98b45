package kvstore

import (
	"context"
	"net/netip"
	"sort"

	"github.com/owncast-go/owncast/repository"
)

type bans struct{ store }

// banKey returns the key of a normal prefix: so all of one length are together
// and can be looked for by address.
func banKey(p netip.Prefix) []byte {
	return append([]byte{byte(p.Addr().BitLen()), byte(p.Bits())}, p.Addr().AsSlice()...)
}

func decodeBan(key, data []byte) (repository.Ban, error) {
	b, err := decode(data, banFields)
	if err != nil {
		return b, err
	}
	if len(key) < 2 {
		return repository.Ban{}, corrupt("key of %d bytes", len(key))
	}
	addr, ok := netip.AddrFromSlice(key[2:])
	b.Prefix = netip.PrefixFrom(addr, int(key[1]))
	if !ok || !b.Prefix.IsValid() {
		return repository.Ban{}, corrupt("ban of no address")
	}
	return b, nil
}

func (s bans) AddBan(ctx context.Context, b repository.Ban) error {
	if err := b.Check(); err != nil {
		return err
	}
	return s.update(ctx, "add ban", func(tx Tx) error {
		key := banKey(repository.NormalPrefix(b.Prefix))
		if tx.Get(Bans, key) != nil {
			return repository.ErrTaken
		}
		tx.Put(Bans, key, encode(b, banFields))
		return nil
	})
}

func (s bans) DeleteBan(ctx context.Context, p netip.Prefix) error {
	return s.update(ctx, "delete ban", func(tx Tx) error {
		p := repository.NormalPrefix(p)
		if !p.IsValid() {
			return repository.ErrNotFound
		}
		key := banKey(p)
		if tx.Get(Bans, key) == nil {
			return repository.ErrNotFound
		}
		tx.Delete(Bans, key)
		return nil
	})
}

func (s bans) BanOf(ctx context.Context, addr netip.Addr) (b repository.Ban, err error) {
	addr = addr.Unmap().WithZone("")
	err = s.view(ctx, "ban of an address", func(tx Tx) error {
		for bits := addr.BitLen(); addr.IsValid() && bits >= 0; bits-- {
			p, err := addr.Prefix(bits)
			if err != nil {
				return err
			}
			key := banKey(p)
			if data := tx.Get(Bans, key); data != nil {
				b, err = decodeBan(key, data)
				return err
			}
		}
		return repository.ErrNotFound
	})
	return b, err
}

func (s bans) Bans(ctx context.Context) (all []repository.Ban, err error) {
	err = s.view(ctx, "bans", func(tx Tx) error {
		all = nil
		for k, data := range tx.Ascend(Bans, nil) {
			b, err := decodeBan(k, data)
			if err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].CreatedAt.After(all[j].CreatedAt) })
	return all, nil
}
