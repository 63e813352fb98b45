package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// MaxEmojiName is how many characters the name of an emoji may have.
const MaxEmojiName = 64

// Errors of emoji.
var (
	// ErrName reports a name that is not of 1 to [MaxEmojiName] letters,
	// digits, - and _, or is that of a device on some systems.
	ErrName = errors.New("assets: not a name for an emoji: use letters, digits, - and _")
	// ErrExists reports a name that is taken, in whatever case.
	ErrExists = errors.New("assets: there is an emoji of this name")
)

// Emoji is a picture that stands in chat messages for its name between
// colons.
type Emoji struct {
	Name string `json:"name"`
	File
}

// FileName is what the emoji is served under: its name, and the extension of
// its format.
func (e Emoji) FileName() string { return e.Name + e.Format.Ext() }

// CheckName returns the name in what people and programs give as one, which
// may be a file name of a picture. The error matches [ErrName].
func CheckName(s string) (string, error) {
	name := s
	if i := strings.LastIndexByte(s, '.'); i >= 0 {
		switch strings.ToLower(s[i:]) {
		case ".png", ".gif", ".jpg", ".jpeg", ".webp", ".svg":
			name = s[:i]
		}
	}
	ok := name != "" && len(name) <= MaxEmojiName && !device(name)
	for i := range len(name) {
		c := name[i] | 0x20
		ok = ok && (c >= 'a' && c <= 'z' || name[i] >= '0' && name[i] <= '9' || name[i] == '-' || name[i] == '_')
	}
	if !ok {
		return "", ErrName
	}
	return name, nil
}

// device tells whether Windows would open a device under the name. Names do
// not become those of files here, but people will save them under theirs.
func device(name string) bool {
	switch name = strings.ToLower(name); name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") && name[3] >= '0' && name[3] <= '9'
}

// Emoji returns all emoji by name. The slice is shared; it is not to be
// changed.
func (s *Store) Emoji(ctx context.Context) ([]Emoji, error) {
	now, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	return now.index.Emoji, nil
}

// FindEmoji returns the emoji of the name, in whatever case, or an error
// matching [fs.ErrNotExist].
func (s *Store) FindEmoji(ctx context.Context, name string) (Emoji, error) {
	now, err := s.load(ctx)
	if err != nil {
		return Emoji{}, err
	}
	e, ok := now.emoji[strings.ToLower(name)]
	if !ok {
		return Emoji{}, fs.ErrNotExist
	}
	return e, nil
}

// EmojiPicture returns the picture of the emoji that is served under the file
// name, or an error matching [fs.ErrNotExist].
func (s *Store) EmojiPicture(ctx context.Context, fileName string) (Picture, error) {
	name, err := CheckName(fileName)
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	e, err := s.FindEmoji(ctx, name)
	if err != nil {
		return Picture{}, err
	}
	if !strings.EqualFold(e.FileName(), fileName) {
		return Picture{}, fs.ErrNotExist
	}
	return s.open(ctx, "emoji", &e.File)
}

// AddEmoji keeps a picture of at most [MaxEmojiBytes], in the formats of
// logos, under a name that CheckName accepts. The errors match [ErrName],
// [ErrExists] or [ErrTooMany], or are those of SetLogo.
func (s *Store) AddEmoji(ctx context.Context, name string, data []byte) error {
	name, err := CheckName(name)
	if err != nil {
		return err
	}
	if _, err := s.FindEmoji(ctx, name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return ErrExists
	}
	return s.put(ctx, "emoji", data, pictureRules(MaxEmojiBytes), func(x *index, f File) (*File, error) {
		at, found := x.find(name)
		switch {
		case found:
			return nil, ErrExists
		case len(x.Emoji) >= MaxEmoji:
			return nil, ErrTooMany
		}
		x.Emoji = slices.Insert(x.Emoji, at, Emoji{Name: name, File: f})
		return nil, nil
	})
}

// RemoveEmoji removes the emoji of a name that CheckName accepts. The errors
// match [ErrName] or [fs.ErrNotExist].
func (s *Store) RemoveEmoji(ctx context.Context, name string) error {
	name, err := CheckName(name)
	if err != nil {
		return err
	}
	var old *File
	_, err = setting().Update(ctx, s.settings, func(x *index) error {
		at, found := x.find(name)
		if !found {
			return fs.ErrNotExist
		}
		f := x.Emoji[at].File
		old, x.Emoji = &f, slices.Delete(x.Emoji, at, at+1)
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(ctx, "emoji", old)
}
