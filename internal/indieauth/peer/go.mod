module github.com/owncast-go/owncast/internal/indieauth/peer

go 1.26.0

require (
	github.com/hacdias/indieauth/v2 v2.1.0
	github.com/owncast-go/owncast v0.0.0
)

require (
	github.com/bluenviron/mediacommon/v2 v2.9.3 // indirect
	github.com/coder/websocket v1.8.15 // indirect
	github.com/grafov/m3u8 v0.12.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	willnorris.com/go/webmention v0.0.0-20220108183051-4a23794272f0 // indirect
)

replace github.com/owncast-go/owncast => ../../..
