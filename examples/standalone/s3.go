package main

import (
	"context"
	"strings"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/storage/s3"
)

// openS3 is for what administrators set up at run time. A bucket that cannot
// be used is told of now, and not by the first segment.
func openS3(ctx context.Context, set owncast.S3Settings) (owncast.Storage, error) {
	store, err := s3.New(s3.Config{
		Endpoint: set.Endpoint, Region: set.Region, Bucket: set.Bucket, PathStyle: set.ForcePathStyle,
		AccessKey: set.AccessKey, Secret: set.Secret, ACL: set.ACL,
		Prefix: strings.Trim(set.PathPrefix, "/"), PublicURL: set.PublicURL,
	})
	if err != nil {
		return nil, err
	}
	if err := store.Probe(ctx); err != nil {
		return nil, err
	}
	return store, nil
}
