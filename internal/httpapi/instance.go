package httpapi

import (
	"github.com/owncast-go/owncast/repository"
)

// Instance is what the channel is, for who looks at it.
type Instance struct {
	Name        string `json:"name"`        // of the channel
	Summary     string `json:"summary"`     // of what the channel is about, plain text
	StreamTitle string `json:"streamTitle"` // of what is being streamed; may be empty
	// ServerURL is where the world sees the server, for links from elsewhere:
	// an http or https URL of a public host, without a path unless
	// WithBaseURL has one. Empty if that is unknown.
	ServerURL string `json:"serverURL"`

	OfflineMessage   string   `json:"offlineMessage"`   // Markdown, while there is no stream
	ExtraPageContent string   `json:"extraPageContent"` // Markdown, below the video
	Tags             []string `json:"tags"`             // without "#"

	SocialHandles   []SocialHandle   `json:"socialHandles"`
	ExternalActions []ExternalAction `json:"externalActions"`

	NSFW     bool   `json:"nsfw"`     // not for everybody's eyes
	Autoplay string `json:"autoplay"` // "off", "always" or "sound-only"

	// CustomStyles, CustomJavaScript and the HTML of external actions are the
	// administrator's own and reach the page as they are.
	CustomStyles     string `json:"customStyles"`
	CustomJavaScript string `json:"customJavascript"`

	// AppearanceVariables are CSS variables of the page, without "--".
	AppearanceVariables map[string]string `json:"appearanceVariables"`

	HideViewerCount       bool `json:"hideViewerCount"` // from everybody but administrators
	DisableSearchIndexing bool `json:"disableSearchIndexing"`
	// SocketHostOverride is the host, or the ws or wss URL, that chat
	// connects to in place of the page's own; empty for that.
	SocketHostOverride string `json:"socketHostOverride"`
}

// SocialHandle is where else the streamer is found.
type SocialHandle struct {
	Platform string `json:"platform"` // such as "mastodon"
	URL      string `json:"url"`
}

// ExternalAction is a button of the page: a URL to open, or HTML to show.
type ExternalAction struct {
	URL            string `json:"url"`
	HTML           string `json:"html"`
	Title          string `json:"title"`
	Description    string `json:"description"`
	Icon           string `json:"icon"`  // a URL
	Color          string `json:"color"` // CSS
	OpenExternally bool   `json:"openExternally"`
}

// The values of Instance.Autoplay.
const (
	AutoplayOff       = "off"
	AutoplayAlways    = "always"
	AutoplaySoundOnly = "sound-only"
)

// InstanceSetting is the section the Instance is kept in.
func InstanceSetting() repository.Setting[Instance] {
	return repository.Setting[Instance]{
		Section: "instance",
		Default: func() Instance {
			return Instance{
				Name:                "New Owncast Server",
				Summary:             "This is a new live video streaming server powered by Owncast.",
				ExtraPageContent:    "# Welcome to Owncast!\n\nThis is a new server. Its owner has not said more about it yet.\n",
				Tags:                []string{"owncast", "streaming"},
				SocialHandles:       []SocialHandle{{Platform: "github", URL: "https://github.com/owncast/owncast"}},
				ExternalActions:     []ExternalAction{},
				Autoplay:            AutoplayAlways,
				AppearanceVariables: map[string]string{},
			}
		},
		Validate: (*Instance).validate,
	}
}
