package repositorytest

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/owncast-go/owncast/repository"
)

func bansChecks() []check[repository.Bans] {
	return []check[repository.Bans]{
		{"AddAndDelete", testBans},
		{"LongestPrefix", testBansLongest},
		{"CanceledContext", testBansContext},
	}
}

func testBans(t *testing.T, s repository.Bans) {
	p := netip.MustParsePrefix
	want := []repository.Ban{
		{Prefix: p("2001:db8:1:2::/64"), CreatedAt: at(3), By: "mod", Note: "ü"},
		{Prefix: p("203.0.113.7/32"), CreatedAt: at(2)},
		{Prefix: p("198.51.100.0/24"), CreatedAt: at(1)},
	}
	for i, given := range []string{"2001:db8:1:2::99/64", "::ffff:203.0.113.7/128", "198.51.100.77/24"} {
		b := want[i]
		b.Prefix = p(given)
		ok(t, "AddBan", s.AddBan(t.Context(), b))
		fails(t, "AddBan again", s.AddBan(t.Context(), b), repository.ErrConflict)
	}
	fails(t, "AddBan of nothing", s.AddBan(t.Context(), repository.Ban{}), repository.ErrInvalid)
	got, err := s.Bans(t.Context())
	ok(t, "Bans", err)
	equal(t, "Bans", got, want)
	fails(t, "DeleteBan of a part", s.DeleteBan(t.Context(), p("198.51.100.0/25")), repository.ErrNotFound)
	fails(t, "DeleteBan of nothing", s.DeleteBan(t.Context(), netip.Prefix{}), repository.ErrNotFound)
	ok(t, "DeleteBan", s.DeleteBan(t.Context(), p("198.51.100.1/24")))
	fails(t, "DeleteBan again", s.DeleteBan(t.Context(), p("198.51.100.1/24")), repository.ErrNotFound)
	got, err = s.Bans(t.Context())
	ok(t, "Bans", err)
	equal(t, "Bans", got, want[:2])
}

func testBansLongest(t *testing.T, s repository.Bans) {
	for _, p := range []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "2001:db8::/32", "2001:db8:1::/64", "::1/128"} {
		ok(t, "AddBan", s.AddBan(t.Context(), repository.Ban{Prefix: netip.MustParsePrefix(p), Note: p}))
	}
	for addr, want := range map[string]string{
		"10.9.9.9": "10.0.0.0/8", "10.1.9.9": "10.1.0.0/16", "10.1.2.3": "10.1.2.3/32", "::ffff:10.1.2.3": "10.1.2.3/32",
		"11.0.0.0": "", "2001:db8:1::5": "2001:db8:1::/64", "2001:db8:1:1::5": "2001:db8::/32", "2001:db9::": "",
		"::1%eth0": "::1/128", "::2": "", "0.0.0.1": "",
	} {
		b, err := s.BanOf(t.Context(), netip.MustParseAddr(addr))
		if want == "" {
			fails(t, "BanOf "+addr, err, repository.ErrNotFound)
		} else if err != nil || b.Note != want || b.Prefix.String() != want {
			t.Errorf("BanOf(%s) = %+v, %v; want %s", addr, b, err, want)
		}
	}
	_, err := s.BanOf(t.Context(), netip.Addr{})
	fails(t, "BanOf of no address", err, repository.ErrNotFound)
	ok(t, "AddBan", s.AddBan(t.Context(), repository.Ban{Prefix: netip.MustParsePrefix("0.0.0.0/0")}))
	_, err = s.BanOf(t.Context(), netip.MustParseAddr("11.0.0.0"))
	ok(t, "BanOf where everybody is banned", err)
	_, err = s.BanOf(t.Context(), netip.MustParseAddr("::2"))
	fails(t, "BanOf an address of another family", err, repository.ErrNotFound)
}

func testBansContext(t *testing.T, s repository.Bans) {
	b := repository.Ban{Prefix: netip.MustParsePrefix("10.0.0.0/8")}
	ok(t, "AddBan", s.AddBan(t.Context(), b))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"AddBan": func(ctx context.Context) error {
			return s.AddBan(ctx, repository.Ban{Prefix: netip.MustParsePrefix("11.0.0.0/8")})
		},
		"DeleteBan": func(ctx context.Context) error { return s.DeleteBan(ctx, b.Prefix) },
		"BanOf":     func(ctx context.Context) error { _, err := s.BanOf(ctx, b.Prefix.Addr()); return err },
		"Bans":      func(ctx context.Context) error { _, err := s.Bans(ctx); return err },
	})
	all, err := s.Bans(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("after canceled calls: %v, %v", all, err)
	}
}

func auditChecks() []check[repository.Audit] {
	return []check[repository.Audit]{
		{"AppendThenRead", testAudit},
		{"Prune", testAuditPrune},
		{"CanceledContext", testAuditContext},
	}
}

func auditTargets(t *testing.T, s repository.Audit, q repository.AuditQuery) []string {
	t.Helper()
	rs, err := s.AuditRecords(t.Context(), q)
	ok(t, "AuditRecords", err)
	return mapped(rs, func(r repository.AuditRecord) string { return r.Target })
}

func testAudit(t *testing.T, s repository.Audit) {
	equal(t, "audit of nothing", auditTargets(t, s, repository.AuditQuery{}), nil)
	full := repository.AuditRecord{Seq: 9, At: at(1), ActorID: "m", Actor: "Mod", Action: "ban", Target: "0", Detail: "d"}
	ok(t, "AppendAudit", s.AppendAudit(t.Context(), full))
	rs, err := s.AuditRecords(t.Context(), repository.AuditQuery{})
	ok(t, "AuditRecords", err)
	if len(rs) != 1 || rs[0].Seq == 0 {
		t.Fatalf("AuditRecords = %+v", rs)
	}
	full.Seq = rs[0].Seq
	equal(t, "audit record", rs[0], full)
	fails(t, "AppendAudit without an action", s.AppendAudit(t.Context(), repository.AuditRecord{}), repository.ErrInvalid)
	for i := 1; i < 6; i++ {
		ok(t, "AppendAudit", s.AppendAudit(t.Context(), repository.AuditRecord{Action: "x", ActorID: string(rune('a' + i%2)), Target: fmt.Sprint(i)}))
	}
	equal(t, "audit", auditTargets(t, s, repository.AuditQuery{}), []string{"5", "4", "3", "2", "1", "0"})
	equal(t, "audit of one", auditTargets(t, s, repository.AuditQuery{ActorID: "b"}), []string{"5", "3", "1"})
	equal(t, "audit of one, limited", auditTargets(t, s, repository.AuditQuery{ActorID: "b", Limit: 2}), []string{"5", "3"})
	equal(t, "audit of a target", auditTargets(t, s, repository.AuditQuery{Target: "4"}), []string{"4"})
	rs, err = s.AuditRecords(t.Context(), repository.AuditQuery{Limit: 2})
	ok(t, "AuditRecords", err)
	equal(t, "next page", auditTargets(t, s, repository.AuditQuery{Before: rs[1].Seq, Limit: 2}), []string{"3", "2"})
}

func testAuditPrune(t *testing.T, s repository.Audit) {
	for i := range 6 {
		ok(t, "AppendAudit", s.AppendAudit(t.Context(), repository.AuditRecord{Action: "x", At: at(i), Target: fmt.Sprint(i)}))
	}
	once := func(r repository.Retention) func() (int, error) {
		return func() (int, error) { return s.PruneAudit(t.Context(), r) }
	}
	equal(t, "pruned", prune(t, once(repository.Retention{})), 0)
	equal(t, "pruned", prune(t, once(repository.Retention{Before: at(2)})), 2)
	equal(t, "audit", auditTargets(t, s, repository.AuditQuery{}), []string{"5", "4", "3", "2"})
	equal(t, "pruned", prune(t, once(repository.Retention{Keep: 1})), 3)
	equal(t, "audit", auditTargets(t, s, repository.AuditQuery{}), []string{"5"})
	equal(t, "pruned", prune(t, once(repository.Retention{Before: at(9)})), 1)
	ok(t, "AppendAudit", s.AppendAudit(t.Context(), repository.AuditRecord{Action: "x", Target: "new"}))
	equal(t, "pruned", prune(t, once(repository.Retention{Keep: 1})), 0)
	equal(t, "audit", auditTargets(t, s, repository.AuditQuery{}), []string{"new"})
}

func testAuditContext(t *testing.T, s repository.Audit) {
	ok(t, "AppendAudit", s.AppendAudit(t.Context(), repository.AuditRecord{Action: "x", Target: "0"}))
	refusesDoneContexts(t, map[string]func(context.Context) error{
		"AppendAudit":  func(ctx context.Context) error { return s.AppendAudit(ctx, repository.AuditRecord{Action: "x"}) },
		"AuditRecords": func(ctx context.Context) error { _, err := s.AuditRecords(ctx, repository.AuditQuery{}); return err },
		"PruneAudit": func(ctx context.Context) error {
			_, err := s.PruneAudit(ctx, repository.Retention{Before: at(0)})
			return err
		},
	})
	equal(t, "audit", auditTargets(t, s, repository.AuditQuery{}), []string{"0"})
}
