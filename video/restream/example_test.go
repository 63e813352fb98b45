package restream_test

import (
	"errors"
	"fmt"

	"github.com/owncast-go/owncast/video/restream"
)

// What is wrong with outputs is told of each.
func ExampleValidate() {
	err := restream.Validate([]restream.Output{
		{ID: "one", URL: "rtmps://live.example.org/app", StreamKey: "a-secret-of-theirs", Enabled: true},
		{ID: "two", URL: "https://example.org/", StreamKey: "another"},
	})
	var wrong *restream.OutputError
	fmt.Println(errors.As(err, &wrong))
	fmt.Println(err)
}

// An Output that is printed has no secret in it.
func ExampleOutput() {
	fmt.Println(restream.Output{ID: "other", URL: "rtmps://live.example.org/app", StreamKey: "a-secret-of-theirs"})
}
