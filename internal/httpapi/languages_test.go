package httpapi

import (
	"reflect"
	"strings"
	"testing"
)

func TestPagesSpeakTheLanguageOfTheirReader(t *testing.T) {
	for accepted, want := range map[string]string{
		"":                               "en",
		"de":                             "de",
		"DE-ch":                          "de",
		"pt-BR, fr;q=0.9, en;q=0.8":      "fr",
		"en;q=0.5,es;q=0.7":              "es",
		"en ; q = 0.5 , ja ; q = 0.7":    "ja",
		"en, de":                         "en",
		"fr;q=0, *":                      "en",
		"de;q=0":                         "en",
		"de;q=x, fr;q=0.1":               "fr",
		"de;q=NaN":                       "en",
		"de;q=2, es;q=0.1":               "es",
		"de;q=-1":                        "en",
		"deutsch, *":                     "en",
		"zh, ko":                         "en",
		";;,,-,de-":                      "de",
		strings.Repeat("zh,", 31) + "de": "de",
		strings.Repeat("zh,", 32) + "de": "en",
	} {
		if got := textsFor([]string{accepted}); got.lang != want {
			t.Errorf("%q: %s, want %s", accepted, got.lang, want)
		}
	}
	if got := textsFor(nil); got.lang != "en" {
		t.Errorf("no header: %s", got.lang)
	}
	if got := textsFor([]string{"zh", "fr;q=0.2", "de;q=0.3"}); got.lang != "de" {
		t.Errorf("several headers: %s", got.lang)
	}
}

// Every text is there in every language, and has a place where English has one.
func TestPagesSayEverythingInEveryLanguage(t *testing.T) {
	catalog := plainCatalog()
	english := reflect.ValueOf(catalog[0])
	seen := map[string]bool{}
	for _, texts := range catalog {
		if seen[texts.lang] {
			t.Errorf("%s is there twice", texts.lang)
		}
		seen[texts.lang] = true
		v := reflect.ValueOf(texts)
		for i := range v.NumField() {
			name, text := v.Type().Field(i).Name, v.Field(i).String()
			if text == "" || strings.Count(text, "%s") != strings.Count(english.Field(i).String(), "%s") || strings.ContainsAny(text, "<>&\"") {
				t.Errorf("%s of %s is %q", name, texts.lang, text)
			}
			if texts.lang != "en" && text == english.Field(i).String() {
				t.Errorf("%s of %s is English", name, texts.lang)
			}
		}
	}
	for _, lang := range []string{"en", "de", "fr", "es", "ja"} {
		if !seen[lang] {
			t.Errorf("%s is missing", lang)
		}
	}
}
