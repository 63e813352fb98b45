package httpapi

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video"
)

// FuzzVariants sets variants, and sets what is then read once more.
func FuzzVariants(f *testing.F) {
	for _, s := range []string{
		`[]`, `[{"videoBitrate":1200,"audioPassthrough":true,"framerate":24,"cpuUsageLevel":2}]`,
		`[{"videoPassthrough":true,"audioBitrate":64},{"videoPassthrough":true}]`,
		`[{"videoBitrate":800,"scaledWidth":1080,"scaledHeight":720,"name":"x"}]`,
		`[{"videoBitrate":9223372036854775807}]`, `[{"videoPassthrough":true},{"videoPassthrough":true}]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var variants []outputSettingBody
		if json.Unmarshal([]byte(data), &variants) != nil {
			return
		}
		var v VideoSettings
		if setVariants(&v, variants) != nil {
			return
		}
		if err := v.Ladder.Validate(); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		read := variantBodies(v.Ladder)
		again := v
		if err := setVariants(&again, read); err != nil {
			t.Fatalf("%s is read as %+v, which cannot be set: %v", data, read, err)
		}
		if !reflect.DeepEqual(variantBodies(again.Ladder), read) {
			t.Fatalf("%s is read as %+v, and then as %+v", data, read, variantBodies(again.Ladder))
		}
	})
}

func TestALadderWithoutItsSourceStaysSo(t *testing.T) {
	v := VideoSettings{Ladder: video.Ladder{Source: video.Never, Renditions: []video.Rendition{{VideoBitrate: 800_000, FrameRate: 24}}}}
	if err := setVariants(&v, variantBodies(v.Ladder)); err != nil || v.Ladder.Source != video.Never {
		t.Errorf("%v, %v", v.Ladder.Source, err)
	}
}

func TestSectionsSayWhatIsWrongWithAField(t *testing.T) {
	for name, i := range map[string]func(*Instance){
		"name":          func(i *Instance) { i.Name = "\t" },
		"autoplay":      func(i *Instance) { i.Autoplay = "" },
		"tags":          func(i *Instance) { i.Tags = many(51) },
		"socialHandles": func(i *Instance) { i.SocialHandles = []SocialHandle{{URL: "https://a.example"}} },
		"externalActions": func(i *Instance) {
			i.ExternalActions = []ExternalAction{{Title: "T", URL: "https://a.example", HTML: "x"}}
		},
		"appearanceVariables": func(i *Instance) { i.AppearanceVariables = map[string]string{"a b": "x"} },
		"serverURL":           func(i *Instance) { i.ServerURL = "https://a.example/live" },
		"socketHostOverride":  func(i *Instance) { i.SocketHostOverride = "a/b" },
	} {
		v := InstanceSetting().Default()
		if err := v.validate(); err != nil {
			t.Fatalf("the default: %v", err)
		}
		i(&v)
		if wrong := new(repository.FieldError); !errors.As(v.validate(), &wrong) || wrong.Field != name {
			t.Errorf("%s: %v", name, v.validate())
		}
	}
	for _, u := range []string{"http://10.0.0.1", "http://[fd00::1]", "https://169.254.1.1", "ftp://a.example", "a.example", "https://u:p@a.example", "https://a.example?x", "http://0.0.0.0"} {
		if validateServerURL(&u) == nil {
			t.Errorf("%s is accepted", u)
		}
	}
	for _, u := range []string{"", "http://localhost:8080", "http://127.0.0.1/", "https://a.example", "http://[::1]:8080", "https://203.0.113.7"} {
		if err := validateServerURL(&u); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	return list
}

func TestWhatIsRenderedIsKeptUntilItChanges(t *testing.T) {
	var c rendered
	var calls []string
	render := func(s string) string { calls = append(calls, s); return "<p>" + s }
	for _, s := range []string{"a", "a", "b", "", "a"} {
		want := "<p>" + s
		if s == "" {
			want = "<p>"
		}
		if got := c.render(render, s); got != want {
			t.Errorf("%q is %q", s, got)
		}
	}
	if len(calls) != 4 {
		t.Errorf("rendered %q", calls)
	}
	if got := c.render(nil, "<b>"); got != "&lt;b&gt;" {
		t.Errorf("without a renderer: %q", got)
	}
}
