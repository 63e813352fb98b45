package rtmp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/owncast-go/owncast/video/flv"
)

// command is a command message, section 7.2.
type command struct {
	name        string
	transaction float64
	args        []any // the command object and what follows it
}

func parseCommand(body []byte) (command, error) {
	if err := flv.CheckAMF0(body); err != nil {
		return command{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	values, err := flv.DecodeAMF0(body)
	if err != nil {
		return command{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if len(values) == 0 {
		return command{}, fmt.Errorf("%w: empty command", ErrProtocol)
	}
	name, ok := values[0].(string)
	if !ok {
		return command{}, fmt.Errorf("%w: command without a name", ErrProtocol)
	}
	c := command{name: name}
	if len(values) > 1 {
		c.transaction, _ = values[1].(float64)
		c.args = values[2:]
	}
	if c.transaction = math.Trunc(c.transaction); !(c.transaction >= 0 && c.transaction < 1<<31) { // NaN too
		c.transaction = 0
	}
	return c, nil
}

// text returns an argument that ought to be a string.
func (c command) text(i int) string {
	if i >= len(c.args) {
		return ""
	}
	return text(c.args[i])
}

func (c command) number(i int) (float64, bool) {
	if i >= len(c.args) {
		return 0, false
	}
	n, ok := c.args[i].(float64)
	return n, ok
}

// property returns a property of the command object as a string.
func (c command) property(name string) string {
	if len(c.args) == 0 {
		return ""
	}
	switch object := c.args[0].(type) {
	case flv.Object:
		return property(object, name)
	case flv.ECMAArray:
		return property(flv.Object(object), name)
	default:
		return ""
	}
}

func property(object flv.Object, name string) string {
	for _, p := range object {
		if p.Name == name {
			return text(p.Value)
		}
	}
	return ""
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return ""
	}
}

// splitName tells the app from the stream key. Where the one ends and the
// other begins differs from client to client if there are more than two
// parts, so it is the first slash of the whole. Either may carry a query.
func splitName(app, name string) (string, string) {
	app, _, _ = strings.Cut(app, "?")
	name, _, _ = strings.Cut(name, "?")
	app, name = strings.Trim(app, "/"), strings.TrimLeft(name, "/")
	if app == "" {
		return "", name
	}
	app, rest, found := strings.Cut(app, "/")
	if found {
		name = strings.TrimRight(rest+"/"+name, "/")
	}
	return app, name
}

// cleanText makes what a stranger calls himself fit for logs and pages.
func cleanText(s string) string {
	const most = 128
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.TrimSpace(s)
}
