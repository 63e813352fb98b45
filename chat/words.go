package chat

import (
	"embed"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// lists are words that many do not want to read, a file for each language.
//
//go:embed words
var lists embed.FS

// slurLanguage is that of the list that SlurFilter stands for.
const slurLanguage = "en"

// Languages are those that there are built-in lists of words for, as BCP 47
// tags.
func Languages() []string {
	var tags []string
	entries, _ := lists.ReadDir("words") // it is part of the program
	for _, e := range entries {
		tags = append(tags, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return tags
}

// builtin returns the list of a language.
func builtin(language string) []string {
	data, err := lists.ReadFile("words/" + language + ".txt")
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}

// WordList finds words in texts, whatever their case and accents, with digits
// for letters, spelled letter by letter, or with letters that are repeated. A word is found where it stands alone. With a star
// at an end it is found with more letters there, and one in a script without
// spaces between words, such as Chinese or Thai, is found anywhere. Several
// words, with spaces, are found in that order. Make one with [NewWordList]. It
// is safe for concurrent use.
type WordList struct {
	whole    map[string]bool
	begins   []string // with a star at the end
	ends     []string // with one at the beginning
	anywhere []string // with both, and what has no words around it
	phrases  []string // with a space around them
}

// NewWordList returns the list of some words.
func NewWordList(words ...string) *WordList {
	l := &WordList{whole: map[string]bool{}}
	for _, w := range words {
		begin, end := strings.HasSuffix(w, "*"), strings.HasPrefix(w, "*")
		plain := fold(strings.Trim(w, "*"))
		switch {
		case plain == "":
		case begin && end, unspaced(plain):
			l.anywhere = append(l.anywhere, plain)
		case begin:
			l.begins = append(l.begins, plain)
		case end:
			l.ends = append(l.ends, plain)
		case strings.Contains(plain, " "):
			l.phrases = append(l.phrases, " "+plain+" ")
		default:
			l.whole[plain] = true
		}
	}
	return l
}

// Find tells whether one of the words is in a text.
func (l *WordList) Find(text string) bool {
	if len(l.whole)+len(l.begins)+len(l.ends)+len(l.anywhere)+len(l.phrases) == 0 {
		return false
	}
	folded := fold(text)
	if l.find(folded) {
		return true
	}
	other := letters(folded)
	return l.find(other) || l.find(joined(other))
}

func (l *WordList) find(text string) bool {
	within := func(w string) bool { return strings.Contains(text, w) }
	if slices.ContainsFunc(l.anywhere, within) {
		return true
	}
	if len(l.phrases) > 0 {
		spaced := " " + text + " "
		if slices.ContainsFunc(l.phrases, func(w string) bool { return strings.Contains(spaced, w) }) {
			return true
		}
	}
	for word := range strings.FieldsSeq(text) {
		if l.whole[word] ||
			slices.ContainsFunc(l.begins, func(w string) bool { return strings.HasPrefix(word, w) }) ||
			slices.ContainsFunc(l.ends, func(w string) bool { return strings.HasSuffix(word, w) }) {
			return true
		}
	}
	return false
}

// matcher is what the settings say about words, made ready to be asked.
type matcher struct {
	blocked, holding, tags []string // that it was made of
	slurs                  bool

	block, holds *WordList
}

// ruleCache keeps the last matcher.
type ruleCache struct{ p atomic.Pointer[matcher] }

// matcher returns the one for the settings.
func (s *Server) matcher(set *Settings) *matcher {
	if m := s.rules.p.Load(); m != nil && m.slurs == set.SlurFilter && slices.Equal(m.blocked, set.BlockedWords) &&
		slices.Equal(m.holding, set.HoldWords) && slices.Equal(m.tags, set.BlockedLanguages) {
		return m
	}
	m := &matcher{blocked: set.BlockedWords, holding: set.HoldWords, tags: set.BlockedLanguages, slurs: set.SlurFilter}
	words := slices.Clone(m.blocked)
	for _, language := range m.tags {
		words = append(words, builtin(language)...)
	}
	if m.slurs {
		words = append(words, builtin(slurLanguage)...)
	}
	m.block, m.holds = NewWordList(words...), NewWordList(m.holding...)
	s.rules.p.Store(m)
	return m
}

// blocks tells whether nobody may write a text.
func (m *matcher) blocks(text string) bool { return m.block.Find(text) }
