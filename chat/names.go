package chat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/owncast-go/owncast/repository"
)

const (
	// fewSuggested is how many names administrators must suggest for them to
	// be used.
	fewSuggested = 10
	// crowdedName is how many users may have one name: looking for those of
	// them that own it must not take long.
	crowdedName = 100
	// maxMarks is how many combining characters one character may have.
	maxMarks = 4
)

// cleanName is the name that somebody means: the text without tags, on one
// line, without what cannot be seen, and not too long.
func (s *Server) cleanName(name string) string {
	name = strings.TrimSpace(visible(s.cfg.Text.Plain(name)))
	runes := []rune(name)
	return strings.TrimSpace(string(runes[:min(len(runes), MaxNameRunes)]))
}

// visible drops control characters and those that only tell how others are to
// be shown, which can make one name look like another, or turn a line around.
// Those that join symbols are left.
func visible(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range calm(s) {
		joins := r == '\u200d' && (unicode.Is(unicode.So, last) || unicode.Is(unicode.Mn, last))
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !joins || unicode.Is(unicode.Co, r) {
			continue
		}
		if unicode.IsSpace(r) {
			r = ' '
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// maxLines is how many lines somebody may begin in what they write.
const maxLines = 50

// calm drops combining characters that are stacked over several lines, and
// makes spaces of line breaks that would fill the room.
func calm(s string) string {
	marks, lines, many := 0, 1, false
	for _, r := range s {
		marks, lines = count(r, marks, lines)
		many = many || marks > maxMarks || lines > maxLines
	}
	if !many {
		return s
	}
	var b strings.Builder
	marks, lines = 0, 1
	for _, r := range s {
		marks, lines = count(r, marks, lines)
		switch {
		case marks > maxMarks:
		case lines > maxLines && (r == '\n' || r == '\r'):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// count tells how many combining characters follow each other, and how many
// lines there are, with r.
func count(r rune, marks, lines int) (int, int) {
	switch {
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		return marks + 1, lines
	case r == '\n', r == '\r':
		return 0, lines + 1
	}
	return 0, lines
}

// forbidden tells whether a name has one of the words in it.
func forbidden(words []string, name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, strings.ToLower(w)) })
}

// taken tells whether a name is that of somebody else who has proved to be
// somebody, or of a program, or whether too many have it.
func (s *Server) taken(ctx context.Context, name, userID string) (bool, error) {
	all, total, err := s.cfg.Stores.Users.Users(ctx, repository.UserQuery{Name: name, Status: repository.UsersEnabled})
	if err != nil {
		return false, err
	}
	if total >= crowdedName {
		return true, nil
	}
	return slices.ContainsFunc(all, func(u repository.User) bool {
		return u.ID != userID && (u.Bot || u.Authenticated())
	}), nil
}

// freeName makes a name of a wish that nobody owns.
func (s *Server) freeName(ctx context.Context, set *Settings, wish string) (string, error) {
	name := s.cleanName(wish)
	if name == "" || forbidden(set.ForbiddenNames, name) || s.matcher(set).blocks(name) {
		name = s.words.generate(set.SuggestedNames)
	}
	taken, err := s.taken(ctx, name, "")
	if err != nil || !taken {
		return name, err
	}
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	suffix := base64.RawURLEncoding.EncodeToString(b[:])
	runes := []rune(name)
	return string(runes[:min(len(runes), MaxNameRunes-len(suffix))]) + suffix, nil
}

// names makes names for those who have none.
type names struct{ adjectives, nouns []string }

func newNames() names { return names{strings.Fields(adjectives), strings.Fields(nouns)} }

// generate returns one of the suggested names, if there are enough, or makes
// one up.
func (n names) generate(suggested []string) string {
	if len(suggested) >= fewSuggested {
		return pick(suggested)
	}
	return pick(n.adjectives) + "-" + pick(n.nouns)
}

func pick(list []string) string {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(len(list))))
	if err != nil {
		return list[0] // it never fails
	}
	return list[i.Int64()]
}

const adjectives = `
agile amber ample autumn azure balmy bold brave breezy bright brisk calm candid cheery chirpy civil clever cosmic cozy crimson
curious daring dawn deft dusky eager early easy elated fabled fair fleet floral fluffy fond frosty funny gentle gifted glad
golden graceful grand happy hardy hazel hearty honest humble icy indigo jaunty jolly jovial keen kind lively lofty loyal lucid
lucky lunar mellow merry mighty mild mindful misty modest nimble noble olive opal patient peachy placid plucky polite proud
quick quiet quirky rapid ready rosy royal rustic scarlet serene sharp shiny silent silver smart snowy snug solar spry stellar
steady sturdy sunny swift tender tidy topaz tranquil trusty upbeat velvet vivid warm watchful wild windy winter wise witty zesty`

const nouns = `
acorn albatross anchor antelope aspen badger bamboo beacon beaver birch bison bobcat breeze brook canyon cardinal cedar cheetah
cicada clover cloud comet condor coral coyote crane creek cricket cypress dahlia dolphin dragonfly dune eagle egret elk ember
falcon fern ferret finch firefly fjord forest fox gazelle gecko geyser glacier grove gull harbor hare hawk hazel hedgehog heron
hill hornbill ibis iris island ivy jaguar jasmine juniper kestrel kingfisher koala lagoon lake lantern lark lemur lily lotus lynx
magpie maple marlin marmot meadow meteor mink moon moose moth nebula newt oak ocelot orchid oriole osprey otter owl panda
panther pebble pelican penguin peony pine planet plover poppy prairie puffin quail rabbit raven reef ridge river robin salmon
sequoia sparrow spruce squirrel starling stork summit swallow swan tapir thistle thrush tiger toucan trout tulip turtle valley
violet walrus willow wolf wombat woodpecker wren yak zebra zephyr`
