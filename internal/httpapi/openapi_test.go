package httpapi_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/owncast-go/owncast/internal/httpapi"
)

func TestTheCompressedDocumentIsTheDocument(t *testing.T) {
	want, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := httpapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.yaml.gz is of another openapi.yaml: run go generate ./internal/httpapi")
	}
}
