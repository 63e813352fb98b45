package directory

import "github.com/owncast-go/owncast/repository"

// Settings are whether the server is listed.
type Settings struct {
	Enabled bool `json:"enabled"`
	// Key is what the directory knows the server by, a secret. It is empty
	// before the server was first listed.
	Key string `json:"key"`
}

// Setting is the section that the Settings are kept in. The default is not to
// be listed.
func Setting() repository.Setting[Settings] {
	return repository.Setting[Settings]{Section: "directory"}
}
