package owncast

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/assets"
	"github.com/owncast-go/owncast/internal/cluster"
	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/internal/markup"
	"github.com/owncast-go/owncast/internal/schedule"
	"github.com/owncast-go/owncast/internal/stats"
	"github.com/owncast-go/owncast/internal/usage"
	"github.com/owncast-go/owncast/internal/web"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/hls"
	"github.com/owncast-go/owncast/video/recording"
	"github.com/owncast-go/owncast/video/rtmp"
)

// parts are what Start makes and Shutdown ends.
type parts struct {
	repo      Repository
	settings  *settingsSource
	library   library // nil without recordings
	packager  *hls.Packager
	video     *video.Server
	rtmp      *rtmp.Server
	restream  *restreams
	audience  *stats.Audience
	chat      *chat.Server
	assets    *assets.Store
	handler   http.Handler
	pictures  *pictures
	health    *health.Monitor
	hardware  *usage.Recorder
	outbound  *outbound
	identity  *identity
	schedule  *schedule.Service
	directory *directory.Pinger
	failures  failures
	fediverse fediverse
	node      *cluster.Node // nil without a cluster
	crowd     crowd
	listener  atomic.Pointer[net.Listener]                 // the last that ServeRTMP was given
	snapshot  func(ctx context.Context, w io.Writer) error // nil: there is no way
	close     func() error                                 // closes what the App opened, once
}

// rtmpAddr is where publishers connect to; nil if nowhere.
func (p *parts) rtmpAddr() net.Addr {
	if l := p.listener.Load(); l != nil {
		return (*l).Addr()
	}
	return nil
}

// assemble is the composition root: the leaves first, then what needs them.
// No part is handed the App, and none is changed after it was made.
func (a *App) assemble(ctx context.Context, c config, p *parts) error {
	store, closing, err := p.settings.storage(ctx)
	if err != nil {
		return err
	}
	closeRepository := p.close
	p.close = sync.OnceValue(func() error { return errors.Join(closing(), closeRepository()) })
	if p.assets, err = assets.New(assets.Config{Storage: c.assets, Settings: p.settings.store, LogoChanged: p.fediverse.changed}); err != nil {
		return err
	}
	if p.chat, err = newChat(c, a.state, p); err != nil {
		return err
	}
	if err := a.assembleVideo(ctx, c, p, store); err != nil {
		return err
	}
	p.hardware = usage.New(c.hardware, c.dataDir, c.log)
	if p.audience, err = newAudience(c, a.state, p); err != nil {
		return err
	}
	if p.outbound, err = newOutbound(c, p, a.state); err != nil {
		return err
	}
	p.identity = newIdentity(c)
	if p.directory, err = newDirectory(c, p); err != nil {
		return err
	}
	if p.schedule, err = newSchedule(c, p, a.state); err != nil {
		return err
	}
	p.pictures = newPictures(c.thumbnails)
	p.health = a.newHealth(p)
	if err := a.federate(c, p); err != nil {
		return err
	}
	api, err := a.api(ctx, c, p, store)
	if err != nil {
		return err
	}
	return p.serveBehind(ctx, c, api)
}

// assembleVideo makes the way from publishers to what is fetched, kept and
// sent on.
func (a *App) assembleVideo(ctx context.Context, c config, p *parts, store Storage) (err error) {
	packaging := hls.Config{Storage: store, DVR: c.dvr, Slate: c.slate, Sweep: p.alone, Events: storageEvents(c.hooks), Logger: c.log}
	if c.recording != nil {
		if p.library, err = c.newLibrary(recording.Config{
			Storage: store, Policy: *c.recording, Title: p.settings.title,
			Thumbnail: thumbnailOf(c.thumbnails, a.state), Events: recordingEvents(c.hooks), Logger: c.log,
		}); err != nil {
			return err
		}
		packaging.Recorder = p.library
	}
	p.packager = hls.New(packaging)
	if p.video, err = video.NewServer(video.Config{
		State: a.state, Packager: p.packager, Auth: p.exclusive(authorizer(c, p.settings), c.policy),
		Events: events(c.hooks), Policy: c.policy, Grace: c.grace, LastEnded: p.settings.lastEnded(ctx),
		Latency: p.settings.latency, Ladder: p.settings.ladder, Transcoder: encoding(c, p.settings), Logger: c.log,
	}); err != nil {
		return err
	}
	if p.rtmp, err = rtmp.NewServer(rtmp.Config{Publisher: p.video, Limits: c.rtmpLimits, Logger: c.log}); err != nil {
		return err
	}
	p.restream, err = newRestreams(c, p.settings.store, p.video)
	return err
}

// api is what the HTTP API is made of.
func (a *App) api(ctx context.Context, c config, p *parts, store Storage) (httpapi.Config, error) {
	prometheus, err := a.newPrometheus()
	if err != nil {
		return httpapi.Config{}, err
	}
	base := strings.TrimSuffix(c.base.Path, "/")
	var administrators httpapi.Authenticator = newAdmin(c, p.settings)
	if c.authenticator != nil {
		administrators = c.authenticator
	}
	api := httpapi.Config{
		Version: Version, Status: a.state, Settings: p.settings.sections, SetAdminPassword: p.settings.setAdminPassword,
		Broadcast: broadcast{p.video, p}, Restream: p.restream, Admin: administrators, Audience: p.audience, HLS: p.packager,
		Logs: a.logs, Health: p.health, Hardware: p.hardware, Prometheus: prometheus,
		Parts: httpapi.Parts{
			Chat: true, Schedule: true, S3: c.openS3 != nil, Transcoder: c.transcoder != nil, Hardware: c.hardware != nil, Geo: c.geo != nil || c.openGeoIP != nil,
			Federation: c.federation != nil,
		},
		Followers: p.repo.Followers, Inbound: p.repo.Inbound,
		Snapshot: p.snapshot, BasePath: base, RTMPAddr: p.rtmpAddr, Ladder: p.settings.offered,
		Web: web.New(web.Config{
			FS: c.web, BasePath: base, MediaOrigins: mediaOrigins(ctx, store), NoIndex: p.settings.noIndex, Logger: c.log,
			Channel: a.channel(p), Item: p.item, Root: p.rootURL(c), FrameAncestors: c.frameAncestors,
		}),
		Root: p.rootURL(c), Webhooks: p.outbound.webhooks, Schedule: p.schedule, Notifications: p.outbound.announcer, Logger: c.log,
		Thumbnails: c.thumbnails, Placeholder: web.Placeholder(),
		Assets: p.assets, Public: c.public, CustomJavaScript: p.settings.script, Render: markup.New().Page,
	}
	if p.outbound.push != nil {
		api.Push = p.outbound.push
	}
	if p.library != nil {
		api.Recordings = p.library
	}
	api.Chat, api.Users = p.chat, p.repo.Users
	p.identity.offer(&api)
	api.ChatUsers, _ = c.authenticator.(ChatAuthenticator)
	if t, ok := c.transcoder.(video.EncoderSelector); ok {
		api.Encoders = t
	}
	if c.openS3 != nil {
		api.TestS3 = p.settings.testS3
	}
	if c.restream != nil {
		api.ReadOnly = append(api.ReadOnly, "restream")
	}
	if p.fediverse.service != nil {
		api.Federation = p.fediverse.service
	}
	return api, nil
}

// mediaOrigins is where s sends viewers to, if it does.
func mediaOrigins(ctx context.Context, s storage.Storage) []string {
	r, ok := storage.As[storage.Redirector](s)
	if !ok {
		return nil
	}
	u, _, err := r.RedirectURL(ctx, "hls/0/segment.m4s")
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

// open opens the repository.
func (a *App) open(ctx context.Context, c config, p *parts) error {
	p.snapshot = c.backup
	if c.cluster != nil {
		return a.openCluster(ctx, c, p)
	}
	if c.repo != nil {
		p.repo, p.settings = *c.repo, newSettingsSource(c, *c.repo)
		p.close = func() error { return nil }
		return nil
	}
	db, err := bolt.Open(filepath.Join(c.dataDir, "owncast.db"))
	if err != nil {
		return err
	}
	p.repo = db.Repository()
	p.settings = newSettingsSource(c, p.repo)
	if p.snapshot == nil {
		p.snapshot = db.Snapshot
	}
	p.close = sync.OnceValue(db.Close)
	return nil
}

// shutdown ends the sources first, and last what keeps things.
func (p *parts) shutdown(ctx context.Context) error {
	err := errors.Join(
		p.health.Shutdown(ctx), p.hardware.Shutdown(ctx),
		p.video.Shutdown(ctx), p.rtmp.Shutdown(ctx), p.restream.service.Shutdown(ctx),
		p.packager.Shutdown(ctx))
	err = errors.Join(err, p.audience.Shutdown(ctx), p.pictures.stop(ctx), p.chat.Shutdown(ctx))
	p.leave() // when the others know that the session is over, and what was said
	if p.library != nil {
		err = errors.Join(err, p.library.Shutdown(ctx))
	}
	p.identity.close()
	err = errors.Join(err, p.schedule.Shutdown(ctx), p.directory.Shutdown(ctx))
	err = errors.Join(err, p.fediverse.shutdown(ctx), p.outbound.shutdown(ctx)) // after everything that it is to tell of
	if err != nil {
		return err
	}
	return p.close()
}
