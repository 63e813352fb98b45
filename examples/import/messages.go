package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/owncast-go/owncast/repository"
)

const (
	kindMessages = "messages"
	kindBans     = "banned addresses"
)

// messages carries over the history of the chat, the oldest first.
func (im *importer) messages(ctx context.Context) error {
	there, err := im.messageIDs(ctx)
	if err != nil {
		return err
	}
	var list []repository.Message
	err = im.src.each(ctx, "messages", "timestamp", []column{
		must("id"), may("user_id"), must("body"), must("eventType", "event_type"), may("hidden_at"), may("timestamp"),
		may("title"), may("subtitle"), may("image"), may("link"),
	}, func(r row) error {
		m := repository.Message{
			ID: r.text("id"), Kind: r.text("eventType"), UserID: r.text("user_id"), Body: r.text("body"),
			SentAt: r.time("timestamp"), HiddenAt: r.time("hidden_at"),
			Title: r.text("title"), Subtitle: r.text("subtitle"), Image: r.text("image"), Link: r.text("link"),
		}
		switch {
		case there[m.ID]:
			im.rep.skip(kindMessages, "there already", m.ID)
		case m.Check() != nil:
			im.rep.skip(kindMessages, "not valid", fmt.Sprintf("%.40q", m.ID))
		case m.SentAt.IsZero():
			im.rep.skip(kindMessages, "without a time", m.ID)
		default:
			there[m.ID] = true
			list = append(list, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(x, y repository.Message) int { return x.SentAt.Compare(y.SentAt) })
	for batch := range slices.Chunk(list, 1000) {
		if err := im.repo.Chat.AppendMessages(ctx, batch...); err != nil {
			return err
		}
		for range batch {
			im.rep.took(kindMessages)
		}
	}
	return nil
}

// messageIDs are those of the messages that are in the repository.
func (im *importer) messageIDs(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	for before := uint64(0); ; {
		page, err := im.repo.Chat.Messages(ctx, repository.MessageQuery{Before: before, Hidden: true, Limit: 10_000})
		if err != nil || len(page) == 0 {
			return ids, err
		}
		for _, m := range page {
			ids[m.ID] = true
		}
		before = page[len(page)-1].Seq
	}
}

// bans carries over the addresses that are kept out.
func (im *importer) bans(ctx context.Context) error {
	return im.src.each(ctx, "ip_bans", "created_at", []column{
		must("ip_address", "ipAddress"), may("notes"), may("created_at", "createdAt"),
	}, func(r row) error {
		text := r.text("ip_address")
		prefix := single(text)
		if !prefix.IsValid() {
			im.rep.skip(kindBans, "not an address", fmt.Sprintf("%q", text))
			return nil
		}
		ban := repository.Ban{Prefix: prefix, Note: r.text("notes"), CreatedAt: r.time("created_at")}
		return im.took(kindBans, text, im.repo.Bans.AddBan(ctx, ban))
	})
}

// single is the prefix of an address alone; the zero Prefix if text is none.
func single(text string) netip.Prefix {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}
	}
	addr = addr.WithZone("").Unmap()
	return netip.PrefixFrom(addr, addr.BitLen())
}
