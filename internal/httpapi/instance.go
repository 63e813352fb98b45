package httpapi

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/repository"
)

// Instance is what the channel is called.
type Instance struct {
	Name        string `json:"name"`        // of the channel
	StreamTitle string `json:"streamTitle"` // of what is being streamed; may be empty

	HideViewerCount bool `json:"hideViewerCount"` // from everybody but administrators
}

const (
	maxNameRunes  = 100
	maxTitleRunes = 300
)

// InstanceSetting is the section the Instance is kept in.
func InstanceSetting() repository.Setting[Instance] {
	return repository.Setting[Instance]{
		Section:  "instance",
		Default:  func() Instance { return Instance{Name: "New Owncast Server"} },
		Validate: (*Instance).validate,
	}
}

func (i *Instance) validate() error {
	i.Name, i.StreamTitle = strings.TrimSpace(i.Name), strings.TrimSpace(i.StreamTitle)
	switch {
	case i.Name == "":
		return fmt.Errorf("the name is empty")
	case utf8.RuneCountInString(i.Name) > maxNameRunes:
		return fmt.Errorf("the name is longer than %d characters", maxNameRunes)
	case utf8.RuneCountInString(i.StreamTitle) > maxTitleRunes:
		return fmt.Errorf("the stream title is longer than %d characters", maxTitleRunes)
	}
	return nil
}
