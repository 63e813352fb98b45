package chat

import (
	"strings"
	"unicode"
)

// fold returns the words of a text in lower case, without accents, with one
// space between them.
func fold(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		if r >= '！' && r <= '～' { // as wide as a Chinese character
			r -= '！' - '!'
		}
		switch {
		case unicode.Is(unicode.Mn, r) && !unspacedRune(r), unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '@', r == '$':
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteString(plain(unicode.ToLower(r)))
		default:
			space = true
		}
	}
	return b.String()
}

// accented are letters of Latin scripts, behind what they are without accents.
const accented = "a àáâãäåāăąǎ c çćĉċč d ďđð e èéêëēĕėęě g ĝğġģ h ĥħ i ìíîïĩīĭįıǐ j ĵ k ķ l ĺļľŀł n ñńņň o òóôõöøōŏőǒ " +
	"r ŕŗř s śŝşšș t ţťŧț u ùúûüũūŭůűųǔ w ŵ y ýÿŷ z źżž ss ß ae æ oe œ th þ"

// plain returns a letter in lower case without its accent.
func plain(r rune) string {
	if r < 'ß' {
		return string(r)
	}
	letter := ""
	for i, word := range strings.Fields(accented) {
		if i%2 == 0 {
			letter = word
		} else if strings.ContainsRune(word, r) {
			return letter
		}
	}
	return string(r)
}

// letters takes digits for the letters that they look like.
func letters(folded string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '0':
			return 'o'
		case '1':
			return 'i'
		case '3':
			return 'e'
		case '4', '@':
			return 'a'
		case '5', '$':
			return 's'
		case '7':
			return 't'
		default:
			return r
		}
	}, folded)
}

// joined makes words of what is spelled letter by letter, and one letter of one
// that is repeated.
func joined(folded string) string {
	var b strings.Builder
	single := false
	for word := range strings.FieldsSeq(folded) {
		word = unrepeated(word)
		one := len(word) == 1
		if b.Len() > 0 && (!one || !single) {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		single = one
	}
	return b.String()
}

// unrepeated shortens what is there three times or more in a row.
func unrepeated(word string) string {
	var b strings.Builder
	var last rune
	run := 0
	runes := []rune(word)
	for i, r := range runes {
		if r != last {
			last, run = r, 0
		}
		if run++; run > 1 {
			if run > 2 || i+1 < len(runes) && runes[i+1] == r {
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unspaced tells whether a word is in a script that has no spaces between
// words.
func unspaced(w string) bool { return strings.ContainsFunc(w, unspacedRune) }

func unspacedRune(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
