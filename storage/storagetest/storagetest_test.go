package storagetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
	"github.com/owncast-go/owncast/storage/storagetest"
)

// mistakeName names, in the process that TestTheSuiteFindsMistakes starts, the
// mistake that the storage under test makes.
const mistakeName = "STORAGETEST_MISTAKE"

func TestSuite(t *testing.T) {
	mistake := os.Getenv(mistakeName)
	if mistake == "" && testing.Short() {
		t.Skip("package local runs it, too")
	}
	storagetest.Run(t, func(t *testing.T) storage.Storage {
		good := local.New(t.TempDir())
		if mistake == "" {
			return wrapped{good}
		}
		b := &bad{Storage: good}
		for _, m := range mistakes() {
			if m.name == mistake {
				m.make(b)
			}
		}
		return b
	})
}

func TestTheSuiteFindsMistakes(t *testing.T) {
	for _, m := range mistakes() {
		t.Run(m.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$/^"+m.found+"$", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), mistakeName+"="+m.name)
			out, err := cmd.CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) || !bytes.Contains(out, []byte("--- FAIL: TestSuite/"+m.found)) {
				t.Errorf("%s does not find it: %v\n%s", m.found, err, out)
			}
		})
	}
}

// wrapped is a good storage that deletes in batches and redirects nothing.
type wrapped struct{ storage.Storage }

func (w wrapped) Unwrap() storage.Storage { return w.Storage }

func (w wrapped) DeleteBatch(ctx context.Context, keys []string) error {
	return storage.DeleteAll(ctx, w.Storage, keys)
}

// bad is a storage of which some functions are replaced.
type bad struct {
	storage.Storage
	put  func(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error
	open func(ctx context.Context, key string) (io.ReadCloser, storage.Info, error)
	del  func(ctx context.Context, key string) error
	list func(ctx context.Context, prefix string) iter.Seq2[storage.Info, error]
}

func (b *bad) Put(ctx context.Context, key string, r io.Reader, o storage.PutOptions) error {
	if b.put != nil {
		return b.put(ctx, key, r, o)
	}
	return b.Storage.Put(ctx, key, r, o)
}

func (b *bad) Open(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
	if b.open != nil {
		return b.open(ctx, key)
	}
	return b.Storage.Open(ctx, key)
}

func (b *bad) Delete(ctx context.Context, key string) error {
	if b.del != nil {
		return b.del(ctx, key)
	}
	return b.Storage.Delete(ctx, key)
}

func (b *bad) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	if b.list != nil {
		return b.list(ctx, prefix)
	}
	return b.Storage.List(ctx, prefix)
}

// mistake is something a storage may do wrong, and the subtest that finds it.
type mistake struct {
	name, found string
	make        func(b *bad)
}

func mistakes() []mistake {
	return slices.Concat(putMistakes(), openMistakes(), otherMistakes())
}

func putMistakes() []mistake {
	type ctxt = context.Context
	return []mistake{
		{"deletes before it puts", "FailedPutKeepsOld", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return errors.Join(b.Storage.Delete(ctx, key), b.Storage.Put(ctx, key, r, o))
			}
		}},
		{"puts what came before the error", "FailedPutLeavesNothing", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				body, err := io.ReadAll(r)
				return errors.Join(b.Storage.Put(ctx, key, bytes.NewReader(body), o), err)
			}
		}},
		{"puts in two pieces", "PutIsAtomic", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				body, err := io.ReadAll(r)
				return cmp.Or(err, b.Storage.Put(ctx, key, bytes.NewReader(body[:len(body)/2]), o), b.Storage.Put(ctx, key, bytes.NewReader(body), o))
			}
		}},
		{"closes the reader", "PutOfAnyReader", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				err := b.Storage.Put(ctx, key, r, o)
				if c, ok := r.(io.Closer); ok {
					return errors.Join(err, c.Close())
				}
				return err
			}
		}},
		{"reads once", "PutOfAnyReader", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				p := make([]byte, 1<<20)
				n, err := r.Read(p)
				if err != nil && !errors.Is(err, io.EOF) {
					return err
				}
				return b.Storage.Put(ctx, key, bytes.NewReader(p[:n]), o)
			}
		}},
		{"refuses nothing at all", "EmptyObject", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				body, err := io.ReadAll(r)
				if len(body) == 0 {
					return cmp.Or(err, fs.ErrInvalid)
				}
				return b.Storage.Put(ctx, key, bytes.NewReader(body), o)
			}
		}},
		{"cuts what is long", "BigObject", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return b.Storage.Put(ctx, key, io.LimitReader(r, 16<<20), o)
			}
		}},
		{"keeps the first object", "PutReplaces", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				if f, _, err := b.Storage.Open(ctx, key); err == nil {
					return f.Close()
				}
				return b.Storage.Put(ctx, key, r, o)
			}
		}},
		{"cleans keys", "InvalidKeys", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return b.Storage.Put(ctx, strings.TrimPrefix(path.Clean("/"+key), "/"), r, o)
			}
		}},
		{"unescapes keys", "OddKeys", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return b.Storage.Put(ctx, strings.ReplaceAll(key, "%00", "0"), r, o)
			}
		}},
		{"puts whatever the context says", "CanceledContext", func(b *bad) {
			b.put = func(_ ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return b.Storage.Put(context.Background(), key, r, o)
			}
		}},
		{"looks at the context once", "CancelDuringPut", func(b *bad) {
			b.put = func(ctx ctxt, key string, r io.Reader, o storage.PutOptions) error {
				return cmp.Or(ctx.Err(), b.Storage.Put(context.WithoutCancel(ctx), key, r, o))
			}
		}},
	}
}

// openAs returns an Open that changes what the good one returns.
func openAs(b *bad, change func(f *os.File, info *storage.Info) io.ReadCloser) func(context.Context, string) (io.ReadCloser, storage.Info, error) {
	return func(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
		r, info, err := b.Storage.Open(ctx, key)
		if err != nil {
			return nil, info, err
		}
		return change(r.(*os.File), &info), info, nil
	}
}

// lazy opens its object anew for each read.
type lazy struct {
	b      *bad
	key    string
	offset int64
}

func (l *lazy) Read(p []byte) (int, error) {
	r, _, err := l.b.Storage.Open(context.Background(), l.key)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := r.(*os.File).ReadAt(p[:min(len(p), 1<<16)], l.offset)
	l.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (l *lazy) Close() error { return nil }

// badSeeker seeks from the start alone.
type badSeeker struct{ *os.File }

func (s badSeeker) Seek(offset int64, _ int) (int64, error) {
	return s.File.Seek(max(0, offset), io.SeekStart)
}

func openMistakes() []mistake {
	lazily := func(b *bad) {
		b.open = func(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
			r, info, err := b.Storage.Open(ctx, key)
			if err != nil {
				return nil, info, err
			}
			return &lazy{b: b, key: key}, info, r.Close()
		}
	}
	return []mistake{
		{"says missing in its own way", "Missing", func(b *bad) {
			b.open = func(ctx context.Context, key string) (io.ReadCloser, storage.Info, error) {
				r, info, err := b.Storage.Open(ctx, key)
				if errors.Is(err, fs.ErrNotExist) {
					err = errors.New("no such object")
				}
				return r, info, err
			}
		}},
		{"says the wrong size", "PutThenOpen", func(b *bad) {
			b.open = openAs(b, func(f *os.File, info *storage.Info) io.ReadCloser { info.Size++; return f })
		}},
		{"says no time", "PutThenOpen", func(b *bad) {
			b.open = openAs(b, func(f *os.File, info *storage.Info) io.ReadCloser { info.ModTime = time.Time{}; return f })
		}},
		{"says no media type", "ContentType", func(b *bad) {
			b.open = openAs(b, func(f *os.File, info *storage.Info) io.ReadCloser { info.ContentType = ""; return f })
		}},
		{"seeks to the wrong place", "Seek", func(b *bad) {
			b.open = openAs(b, func(f *os.File, _ *storage.Info) io.ReadCloser { return badSeeker{f} })
		}},
		{"reads what is deleted", "DeleteWhileReading", lazily},
		{"reads what was put later", "PutWhileReading", lazily},
	}
}

// listAs returns a List of what change makes of the good one's.
func listAs(b *bad, change func(infos []storage.Info) []storage.Info) func(context.Context, string) iter.Seq2[storage.Info, error] {
	return func(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
		return func(yield func(storage.Info, error) bool) {
			var infos []storage.Info
			for info, err := range b.Storage.List(ctx, prefix) {
				if err != nil {
					yield(info, err)
					return
				}
				infos = append(infos, info)
			}
			for _, info := range change(infos) {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func otherMistakes() []mistake {
	return []mistake{
		{"misses what is missing", "DeleteMissing", func(b *bad) {
			b.del = func(ctx context.Context, key string) error {
				r, _, err := b.Storage.Open(ctx, key)
				if err != nil {
					return err
				}
				return errors.Join(r.Close(), b.Storage.Delete(ctx, key))
			}
		}},
		{"deletes directories", "DeleteMissing", func(b *bad) {
			b.del = func(ctx context.Context, key string) error {
				for info := range b.Storage.List(ctx, key+"/") {
					_ = b.Storage.Delete(ctx, info.Key)
				}
				return b.Storage.Delete(ctx, key)
			}
		}},
		{"deletes by prefix", "Delete", func(b *bad) {
			b.del = func(ctx context.Context, key string) error {
				for info := range b.Storage.List(ctx, key) {
					_ = b.Storage.Delete(ctx, info.Key)
				}
				return nil
			}
		}},
		{"deletes nothing", "PutAfterDelete", func(b *bad) {
			b.del = func(context.Context, string) error { return nil }
		}},
		{"lists backward", "ListByPrefix", func(b *bad) {
			b.list = listAs(b, func(infos []storage.Info) []storage.Info { slices.Reverse(infos); return infos })
		}},
		{"lists in the order of directories", "ListByPrefix", func(b *bad) {
			b.list = listAs(b, func(infos []storage.Info) []storage.Info {
				slices.SortFunc(infos, func(x, y storage.Info) int {
					return slices.Compare(strings.Split(x.Key, "/"), strings.Split(y.Key, "/"))
				})
				return infos
			})
		}},
		{"lists whole directories", "ListByPrefix", func(b *bad) {
			b.list = func(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
				return b.Storage.List(ctx, prefix[:strings.LastIndexByte(prefix, '/')+1])
			}
		}},
		{"lists a thousand", "ListOfMany", func(b *bad) {
			b.list = listAs(b, func(infos []storage.Info) []storage.Info { return infos[:min(len(infos), 1000)] })
		}},
		{"lists no sizes", "ListDescribes", func(b *bad) {
			b.list = listAs(b, func(infos []storage.Info) []storage.Info {
				for i := range infos {
					infos[i].Size = 0
				}
				return infos
			})
		}},
		{"lists something in an empty storage", "ListOfNothing", func(b *bad) {
			b.list = listAs(b, func(infos []storage.Info) []storage.Info { return append(infos, storage.Info{Key: "a"}) })
		}},
	}
}
