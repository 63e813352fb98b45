module github.com/owncast-go/owncast

go 1.26.0

require (
	github.com/Eyevinn/mp4ff v0.51.0
	github.com/bluenviron/mediacommon/v2 v2.9.3
	github.com/grafov/m3u8 v0.12.1
	github.com/sirupsen/logrus v1.9.4
	github.com/yutopp/go-rtmp v0.0.7
	go.etcd.io/bbolt v1.5.0
	go.uber.org/goleak v1.3.0
	golang.org/x/crypto v0.58.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/hashicorp/errwrap v1.1.0 // indirect
	github.com/hashicorp/go-multierror v1.1.0 // indirect
	github.com/mitchellh/mapstructure v1.5.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/yutopp/go-amf0 v0.1.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

ignore ./internal/web/ui/node_modules
