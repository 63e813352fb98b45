// Command import turns the data directory of an Owncast server into one that
// this module uses, so that nobody has to start over.
//
//	go run . -from /srv/owncast/data -to /srv/live/data -dry-run
//	go run . -from /srv/owncast/data -to /srv/live/data
//
// Stop Owncast first. What it has stored is read from a copy, and never
// changed. Data of Owncast 0.2.3 and later is understood, up to the schema of
// 0.3 that this program knows. Anything older has to be started once with one
// of those, and anything newer is refused.
//
// Carried over are the settings, the admin password, stream keys, the users
// of the chat with their names, roles and access tokens, who they have signed
// in as, messages, banned addresses, access tokens of programs, webhooks,
// browsers that asked for notifications, followers, what was published to the
// fediverse and what came of it, the keys that other servers and browsers
// know the server by, peaks, the schedule, and the logo, favicon, emoji and
// public files. A table at the end counts what was read, what was taken, and
// why the rest was not.
//
// An App keeps messages for two hours unless its chat settings say otherwise,
// as Owncast does, so its first start removes older ones that were carried
// over. To have them back, raise that setting, stop the App, and run this once
// more with -add.
//
// Afterwards the server has to be reachable at the same URL as before, or
// followers and the sign-ins of users are lost: they are bound to it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

type options struct {
	from     string // data directory of Owncast
	database string // "" for owncast.db in from
	to       string // data directory of ours
	dryRun   bool
	add      bool // to what is there
	verbose  bool
}

func main() {
	var o options
	flag.StringVar(&o.from, "from", "", "data `directory` of Owncast")
	flag.StringVar(&o.database, "database", "", "database `file` of Owncast, if it is not owncast.db in the data directory")
	flag.StringVar(&o.to, "to", "data", "data `directory` to write")
	flag.BoolVar(&o.dryRun, "dry-run", false, "say what would become of everything, and write nothing")
	flag.BoolVar(&o.add, "add", false, "add to a data directory that is in use already; a copy of its database is made first")
	flag.BoolVar(&o.verbose, "v", false, "name everything that is not taken, not only how much of it there is")
	flag.Parse()
	if o.from == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rep, err := run(ctx, o)
	if rep != nil && len(rep.kinds) > 0 {
		rep.print(os.Stdout, o.verbose)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
	if o.dryRun {
		fmt.Println("\nThis was a dry run: nothing was written.")
	}
}
