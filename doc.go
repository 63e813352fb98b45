// Package owncast puts a live-streaming server into a Go program: a broadcast
// comes in by RTMP, and viewers play it by HLS, with low latency where their
// player can.
//
// The smallest program makes an [App] and gives it a port for each:
//
//	app, err := owncast.New(owncast.WithStreamKeys("a long secret"))
//	…
//	ln, err := net.Listen("tcp", ":1935")
//	…
//	go http.ListenAndServe(":8080", app.Handler())
//	err = app.Run(ctx, ln)
//
// OBS or ffmpeg then publishes to rtmp://host/live/<stream key>, and the page
// at the root of the handler plays it. Other players open hls/stream.m3u8
// below that root.
//
// # Parts
//
// Each part of the server is a small interface, declared by the package that
// calls it, and each has an option: [WithStorage], [WithRepository],
// [WithPublishAuthorizer], [WithAuthenticator], [WithTranscoder], [WithThumbnails],
// [WithChatStore], [WithChatFilter]. What a part can do beyond its
// interface it tells with further, optional interfaces, named in the
// interface's documentation. Packages storagetest, repositorytest and
// chattest check that a part does what the server expects of it.
//
// Parts that are large are linked by programs that ask for them alone: the
// option takes their constructor, such as activitypub.New by [WithFederation].
//
// # Users of a site
//
// The App has accounts of its own for the administrator and for the chat. A
// site that has accounts already gives it one value instead, which the App asks
// with every request:
//
//	type members struct{ … }
//
//	// Authenticate makes it an Authenticator: RoleAdmin administers.
//	func (m *members) Authenticate(r *http.Request) (owncast.User, error) {
//		u, ok := m.bySession(r)
//		if !ok {
//			return owncast.User{}, owncast.ErrUnauthorized
//		}
//		return owncast.User{ID: "site:" + u.Name, DisplayName: u.Name, Role: u.Role}, nil
//	}
//
// With a method AuthenticateChat it is a [ChatAuthenticator], and the site's
// users chat without registering; with Challenge it is a [Challenger], and
// whoever opens a page for administrators is sent to the site's own to sign in;
// with AuthorizePublish it is a [PublishAuthorizer], and decides who broadcasts;
// with AuthorizeViewer it is a [ViewerAuthorizer], and decides who watches. Each
// has its option. The requests are those of the browser, so that cookies of the
// site are in them as long as it has the same host; methods are called for every
// request, segments included, and should look into memory.
//
// # Segments in a bucket
//
// Package storage/s3 is a [Storage] in a bucket:
//
//	store, err := s3.New(s3.Config{
//		Endpoint: "https://s3.example.org", Bucket: "live", AccessKey: key, Secret: secret, Prefix: "channel-1",
//	})
//	…
//	defer store.Close()
//	err = store.Probe(ctx) // says what is wrong with it now, and not with the first segment
//	…
//	app, err := owncast.New(owncast.WithStorage(store), owncast.WithDVR(time.Hour))
//
// What is new comes from memory whatever becomes of the bucket. Viewers get the
// rest from the program, or are sent to the bucket or a CDN by PublicURL.
//
// # Paths
//
// The handler uses no URL outside the path it is mounted on, and needs none
// but those that [App.WellKnown] serves. Say where that is with [WithBaseURL]
// and mount it there; or strip the path before it with [http.StripPrefix].
// Middleware around it may wrap the ResponseWriter if that has a method Unwrap,
// as [http.ResponseController] wants it; http.TimeoutHandler has none, and does
// not fit what waits, which are playlists and the chat.
//
// [App.HandlerFor] serves some parts alone, for a host that has the
// administration on a private listener or video on one of its own.
//
// # Several channels
//
// An App is one channel, and cheap. A program may have any number of them,
// each with a data directory of its own, and [RTMPMux] serves them all from
// one RTMP listener; [App.ServeRTMPConn] takes single connections, of a port that
// a program shares among protocols. One channel in several processes is [WithCluster].
//
// # Lifetime
//
// New starts nothing: no goroutine, no listener, no file. Start opens the
// data directory and starts the work; Shutdown ends all of it, and when it
// has returned nil, nothing that the App started is still running. The App
// closes what it opened and never what it was given, but for listeners.
//
//	mux := http.NewServeMux()
//	mux.Handle("/live/", app.Handler())
//	mux.Handle("/.well-known/", app.WellKnown())
//	…
//	if err := app.Start(ctx); err != nil {
//		return err
//	}
//	srv := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
//	failed := make(chan error, 2)
//	go func() { failed <- app.ServeRTMP(rtmp) }()
//	go func() { failed <- srv.ListenAndServe() }()
//	select {
//	case <-ctx.Done():
//	case err = <-failed:
//	}
//	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
//	defer cancel()
//	return errors.Join(err, app.Shutdown(end), srv.Shutdown(end)) // the App first: srv waits for its viewers
//
// # Errors
//
// [New] returns an [*OptionError] for each option that it does not accept. What
// goes wrong later is in [App.Health], the hook HealthChanged and the log, for
// nobody waits for it; hooks such as StorageFailed tell of each.
//
// # Stability
//
// Until version 1 a minor version may change the API, and the changelog says
// what breaks; patch versions do not. Interfaces that hosts implement grow by
// further, optional interfaces and not by methods. Fields are added to structs,
// so that literals of them should name theirs. What has been stored is read by
// every later version, and a newer version's file is refused, not damaged. What
// goes over the wire stays compatible with clients of Owncast servers.
package owncast
