package httpapi

import (
	"github.com/owncast-go/owncast/repository"
)

// Instance describes the channel to its viewers.
type Instance struct {
	Name        string `json:"name"`        // name of the channel
	Summary     string `json:"summary"`     // what the channel is about, in plain text
	StreamTitle string `json:"streamTitle"` // title of the current stream; may be empty
	// ServerURL is the public URL of the server, for links from elsewhere: an
	// http or https URL of a public host, without a path unless WithBaseURL has
	// one, and with the host in ASCII. It is empty if unknown.
	ServerURL string `json:"serverURL"`

	OfflineMessage   string   `json:"offlineMessage"`   // Markdown, shown while there is no stream
	ExtraPageContent string   `json:"extraPageContent"` // Markdown, shown below the video
	Tags             []string `json:"tags"`             // without "#"

	SocialHandles   []SocialHandle   `json:"socialHandles"`
	ExternalActions []ExternalAction `json:"externalActions"`

	NSFW     bool   `json:"nsfw"`     // not safe for work
	Autoplay string `json:"autoplay"` // "off", "always" or "sound-only"

	// CustomStyles, CustomJavaScript, and the HTML of external actions are
	// trusted and reach the page unchanged.
	CustomStyles     string `json:"customStyles"`
	CustomJavaScript string `json:"customJavascript"`

	// AppearanceVariables are CSS variables of the page, without "--".
	AppearanceVariables map[string]string `json:"appearanceVariables"`

	HideViewerCount       bool `json:"hideViewerCount"` // except from administrators
	DisableSearchIndexing bool `json:"disableSearchIndexing"`
	// SocketHostOverride is the host, or the ws or wss URL, that the chat
	// connects to. It is empty for the host of the page.
	SocketHostOverride string `json:"socketHostOverride"`
}

// SocialHandle is a profile of the streamer elsewhere.
type SocialHandle struct {
	Platform string `json:"platform"` // such as "mastodon"
	URL      string `json:"url"`
}

// ExternalAction is a button on the page that opens a URL or shows HTML.
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

// InstanceSetting returns the section that holds the Instance.
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
