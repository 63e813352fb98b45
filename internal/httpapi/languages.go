package httpapi

import (
	"strconv"
	"strings"
)

// plainTexts are what the pages of the server itself say, in one language.
// Reasons why something does not work are in English, and marked as such.
type plainTexts struct {
	lang string // RFC 5646

	signIn           string // title of the question, and its first button
	question         string // with a place for the host of a site
	site, known      string // what is before the site, and before who it will know
	answer           string // what is before the host that the answer goes to
	cancel           string
	refused, failing string // title and heading, where a site cannot ask
	stranger, failed string // title and heading, where somebody is not signed in
	back             string
}

// plainCatalog has the languages of the web application. The first is for who
// reads none of them.
func plainCatalog() []plainTexts {
	return []plainTexts{
		{
			lang: "en", signIn: "Sign in", question: "Sign in to %s?", site: "The site", known: "will know you as",
			answer: "The answer goes to", cancel: "Cancel", refused: "Not possible", failing: "This does not work.",
			stranger: "Not signed in", failed: "Unable to complete authentication.", back: "Go back.",
		},
		{
			lang: "de", signIn: "Anmelden", question: "Bei %s anmelden?", site: "Die Website", known: "wird dich kennen als",
			answer: "Die Antwort geht an", cancel: "Abbrechen", refused: "Nicht möglich", failing: "Das geht nicht.",
			stranger: "Nicht angemeldet", failed: "Die Anmeldung ist fehlgeschlagen.", back: "Zurück.",
		},
		{
			lang: "fr", signIn: "Se connecter", question: "Se connecter à %s\u00a0?", site: "Le site", known: "vous connaîtra sous le nom de",
			answer: "La réponse est envoyée à", cancel: "Annuler", refused: "Impossible", failing: "Cela ne fonctionne pas.",
			stranger: "Non connecté", failed: "La connexion a échoué.", back: "Retour.",
		},
		{
			lang: "es", signIn: "Iniciar sesión", question: "¿Iniciar sesión en %s?", site: "El sitio", known: "te conocerá como",
			answer: "La respuesta se envía a", cancel: "Cancelar", refused: "No es posible", failing: "Esto no funciona.",
			stranger: "Sesión no iniciada", failed: "No se ha podido iniciar sesión.", back: "Volver.",
		},
		{
			lang: "ja", signIn: "サインイン", question: "%s にサインインしますか？", site: "サイト", known: "サイトに伝わるあなたの URL",
			answer: "回答の送信先", cancel: "キャンセル", refused: "できません", failing: "この操作はできません。",
			stranger: "サインインしていません", failed: "サインインできませんでした。", back: "戻る",
		},
	}
}

// maxLanguages is how many languages of a request are looked at.
const maxLanguages = 32

// textsFor are in the language that a browser wants most, of those that there
// are (RFC 9110, section 12.5.4): de-CH is German, too.
func textsFor(accepted []string) plainTexts {
	catalog := plainCatalog()
	found, most := catalog[0], 0.0
	n := 0
	for item := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		if n++; n > maxLanguages {
			break
		}
		tag, params, _ := strings.Cut(item, ";")
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), "-")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight <= 1) {
				continue
			}
		}
		for _, texts := range catalog {
			if strings.EqualFold(tag, texts.lang) && weight > most {
				found, most = texts, weight
			}
		}
	}
	return found
}
