package kvstore

import (
	"slices"
	"testing"
)

// TestTheSchemaIsRaisedWithItsBuckets fails when a bucket was added, or renamed,
// and Schema was not raised.
func TestTheSchemaIsRaisedWithItsBuckets(t *testing.T) {
	schemas := map[int][]string{ // 1 was never released yet, and may grow
		1: {
			"activities", "activitiesByTime", "audit", "bans", "credentials", "credentialsByUser", "deliveries", "deliveriesByHost",
			"deliveriesByKey", "destinations", "eventSeries", "events", "eventsBySeries", "eventsByTime", "followers", "followersByTime",
			"hosts", "hostsByTime", "inboxes", "inbound", "inboundByTime", "messages", "messagesByUser", "payloadRefs", "payloads",
			"samples", "settings", "state", "tokens", "tokensByHash", "users", "usersByIdentity", "usersByName", "usersByTime",
			"webhookLog", "webhooks",
		},
	}
	var names []string
	for name, b := range Buckets() {
		if b.String() != name {
			t.Errorf("bucket %d is %q and %q", b, name, b)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	want := slices.Sorted(slices.Values(schemas[Schema]))
	if !slices.Equal(names, want) {
		t.Errorf("buckets are\n%q, those of schema %d\n%q", names, Schema, want)
	}
}
