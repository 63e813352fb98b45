package s3

import (
	"context"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/owncast-go/owncast/storage"
)

// List implements [storage.Storage], with a request for each thousand objects
// below the prefix of the Store. What is there and has no valid key, such as
// what other programs make to stand for a directory, is left out. The order
// is the server's.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(storage.Info{}, err)
			return
		}
		if !beginsKey(prefix) {
			return
		}
		asked := s.prefix + wholeRunes(prefix)
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.cfg.Bucket, Prefix: &asked},
			func(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(storage.Info{}, s.wrap(ctx, "list", prefix, err))
				return
			}
			for i := range page.Contents {
				info, ok := s.info(&page.Contents[i], prefix)
				if ok && !yield(info, nil) {
					return
				}
			}
		}
	}
}

// info describes a listed object, if it is one that was asked for: a server
// that does not look at the prefix must not have us delete what is not ours.
func (s *Store) info(o *types.Object, prefix string) (storage.Info, bool) {
	key, ours := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
	if !ours || !strings.HasPrefix(key, prefix) || storage.CheckKey(key) != nil {
		return storage.Info{}, false
	}
	return storage.Info{Key: key, Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)}, true
}

// beginsKey tells whether a valid key can begin with prefix.
func beginsKey(prefix string) bool {
	p := wholeRunes(prefix)
	return p == "" || storage.CheckKey(p) == nil || storage.CheckKey(p+"x") == nil
}

// wholeRunes cuts off the first bytes of a character at the end, which the
// protocol has no way to ask for.
func wholeRunes(prefix string) string {
	for i := 1; i < utf8.UTFMax && i <= len(prefix); i++ {
		end := prefix[len(prefix)-i:]
		if utf8.RuneStart(end[0]) {
			if !utf8.FullRuneInString(end) {
				return prefix[:len(prefix)-i]
			}
			break
		}
	}
	return prefix
}
