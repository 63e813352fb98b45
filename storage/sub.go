package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"
)

// Sub returns the part of s below dir as a Storage of its own, in which a key
// is what it is in s without "dir/". With it, several users share one store
// and none sees what another one has. It is a [Redirector] if s is one. Its
// keys can be shorter than [MaxKeyLen] only, by as much as dir takes.
//
// dir must be a valid key; the error matches [fs.ErrInvalid] otherwise.
func Sub(s Storage, dir string) (Storage, error) {
	if err := CheckKey(dir); err != nil {
		return nil, err
	}
	p := &part{s: s, prefix: dir + "/"}
	if r, ok := As[Redirector](s); ok {
		return &redirectingPart{part: p, redirector: r}, nil
	}
	return p, nil
}

// part does not unwrap: the optional interfaces of the store it is a part of
// know nothing of its prefix.
type part struct {
	s      Storage
	prefix string
}

var (
	_ Storage      = (*part)(nil)
	_ BatchDeleter = (*part)(nil)
	_ Redirector   = (*redirectingPart)(nil)
)

// key returns what a key of the part is in the whole store.
func (p *part) key(key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err // before the prefix could make a valid key of it
	}
	if err := CheckKey(p.prefix + key); err != nil {
		return "", fmt.Errorf("below %q: %w", p.prefix, err)
	}
	return p.prefix + key, nil
}

func (p *part) Put(ctx context.Context, key string, r io.Reader, o PutOptions) error {
	k, err := p.key(key)
	if err != nil {
		return err
	}
	return p.s.Put(ctx, k, r, o)
}

func (p *part) Open(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, Info{}, err
	}
	rc, info, err := p.s.Open(ctx, k)
	info.Key = key
	return rc, info, err
}

func (p *part) Delete(ctx context.Context, key string) error {
	k, err := p.key(key)
	if err != nil {
		return err
	}
	return p.s.Delete(ctx, k)
}

func (p *part) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for info, err := range p.s.List(ctx, p.prefix+prefix) {
			info.Key = strings.TrimPrefix(info.Key, p.prefix)
			if !yield(info, err) {
				return
			}
		}
	}
}

// DeleteBatch makes part a BatchDeleter, whatever the store is.
func (p *part) DeleteBatch(ctx context.Context, keys []string) error {
	var errs []error
	whole := make([]string, 0, len(keys))
	for _, key := range keys {
		k, err := p.key(key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		whole = append(whole, k)
	}
	return errors.Join(append(errs, DeleteAll(ctx, p.s, whole))...)
}

type redirectingPart struct {
	*part
	redirector Redirector
}

func (p *redirectingPart) RedirectURL(ctx context.Context, key string) (*url.URL, time.Time, error) {
	k, err := p.key(key)
	if err != nil {
		return nil, time.Time{}, err
	}
	return p.redirector.RedirectURL(ctx, k)
}
