package owncast_test

// What attackers try, and where each try is a test that must be refused:
//
//	go test -run Attack . ./internal/... ./video/... ./storage/...
//
//	another site makes a browser send something     TestAttacksFromOtherSites
//	a session that the attacker knows (fixation)    TestAttackByAPlantedSession
//	guesses: passwords, passphrases, tokens, keys   TestAttackByGuessing; video/rtmp TestGuessingKeysIsSlowAndThenFutile; internal/auth
//	time that comparing takes                       internal/auth TestOnlyAStoredKeyIsRight, TestNobodyIsInByAGuess (all compare hashes)
//	paths and names that lead elsewhere             TestAttacksByPath, TestAttacksByName; storage/local TestNothingOutsideIsReached; internal/assets TestNamesOfEmoji
//	stream names as paths, a key in a path          TestAttacksByStreamName, TestTheStreamKeyAppearsNowhere
//	pictures that are something else (polyglots)    TestAttacksByPicture; internal/images TestNoAttackIsLeftInADrawing, TestWhatCannotBeLeftOutRefusesTheDrawing
//	bombs: pixels, frames, deflate, entities        TestAttacksByPicture; internal/images TestBombsAreRefusedBeforeTheyGoOff
//	scripts in text                                 internal/markup TestNoAttackGetsThrough, FuzzPage, FuzzChat
//	deep JSON, wrong JSON, compressed bodies        TestAttacksByJSON
//	bodies and headers that are too large           TestAttacksBySize, TestEveryRouteRefusesWhatItMust, TestABodyOfUnknownLengthIsLimitedToo
//	bodies that do not come, slow clients           internal/httpx TestABodyThatDoesNotComeIsNotWaitedFor; video/rtmp TestHostileClientsDisturbNobody; video/hls TestViewersThatStopReadingHoldUpNobody
//	headers that pretend (X-Forwarded-For and such) TestAttacksByHeader; internal/httpx TestClientIPBelievesOnlyTrustedProxies
//	credentials of another's role                   TestEveryRouteRefusesWhatItMust
//	redirects to another site                       TestAPassphraseOpensTheStream, TestNoRedirectLeadsOutOfTheMount
//	fetches of private addresses (SSRF)             internal/httpx TestOnlyPublicAddressesAreConnectedTo, TestTheClientRefusesURLsThatAreNotToBeFetched,
//	                                                TestTheClientChecksWhereRedirectsLead, TestANameThatChangesItsAddressIsNoWayIn, TestTheClientBoundsWhatItReads;
//	                                                internal/archtest lets nobody else make a client
//	sign-ins: lures, mix-ups, replays, downgrades   TestNobodyIsLuredIntoASignIn, TestTheChannelAsASiteOfItsOwn; internal/indieauth TestSignInsThatAreAttacked,
//	                                                TestAProviderSpeaksForItsSitesAlone, TestSitesThatCannotBeUsed
//	guessing and flooding by one-time codes         internal/otp TestACodeIsGuessedFiveTimes, TestCodesAreLimited, TestTriesFromAnAddressAreLimited
//	secrets in answers, logs and the audit          TestSecretsAreInNoAnswerAndNoLog
//	RTMP: handshakes, chunks, floods                video/rtmp attack_test.go, FuzzConn, FuzzReader, FuzzGuard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/internal/httpapi"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// TestSecretsAreInNoAnswerAndNoLog plants secrets in everything that takes
// one, uses each in the right and in wrong places, asks every route as
// everybody, and looks for them.
func TestSecretsAreInNoAnswerAndNoLog(t *testing.T) {
	const (
		password   = "planted-admin-password"
		streamKey  = "planted-stream-key"
		passphrase = "planted-passphrase"
		outputKey  = "planted-output-key"
	)
	var logs syncBuffer
	repo := memory.New()
	c := run(t, owncast.WithAdminPassword(password), owncast.WithStreamKeys(streamKey), owncast.WithViewerPassphrase(passphrase),
		owncast.WithViewerLinks(linkKey()), owncast.WithRepository(repo), logTo(&logs))
	cookie := c.login(password)
	session := []string{"Cookie", cookie.Name + "=" + cookie.Value, "Content-Type", asJSON}
	_, body := c.ask("POST", "/api/admin/accesstokens/create", "", `{"name":"n","scopes":["HAS_ADMIN_ACCESS"]}`, session...)
	_, token, _ := strings.Cut(body, `"accessToken":"`)
	token, _, _ = strings.Cut(token, `"`)
	viewer := tokenOf(t, link(t, "/", time.Hour))
	secrets := []string{password, streamKey, passphrase, outputKey, cookie.Value, token, viewer, strings.Repeat("7", 8)}
	if len(token) < 40 {
		t.Fatalf("no token in %s", body)
	}

	var answers strings.Builder
	ask := func(method, path, body string, header ...string) {
		code, h, text := c.exchange(method, path, "", body, header...)
		h.Del("Set-Cookie") // of a login, which is where it belongs
		h.Del("Location")   // of a link: the place where the player keeps it
		if len(header) > 0 && header[1] == session[1] {
			text = strings.ReplaceAll(text, streamKey, "") // which administrators are shown
		}
		answers.WriteString(method + " " + path[:min(len(path), 12)] + " " + http.StatusText(code) + " " + text + jsonText(h) + "\n")
	}
	bodies := []string{
		`{"password":"` + password + `"}`, `{"password":["` + password + `"]}`, `{"token":"x` + token + `"}`, `{"token":["` + token + `"]}`,
		`{"outputs":[{"name":"o","url":"rtmp://127.0.0.1:1/x","streamKey":"` + outputKey + `"}]}`, `"` + outputKey + `"`, password,
	}
	for _, rt := range httpapi.Routes() {
		if strings.HasSuffix(rt.Path, "/accesstokens/create") || strings.HasSuffix(rt.Path, "/logout") {
			continue
		}
		for _, header := range [][]string{
			nil, session,
			{"Authorization", "Bearer " + token},
			{"Authorization", "Bearer " + token + "x"},
			{"Authorization", "Bearer " + password},
			{"Authorization", token},
			{"Cookie", "owncast_viewer=" + viewer},
			{"Cookie", "owncast_admin_session=" + cookie.Value + "x"},
		} {
			if rt.MaxBody == 0 {
				ask(rt.Method, concrete(rt), "", header...)
				continue
			}
			for _, b := range bodies {
				ask(rt.Method, concrete(rt), b, header...)
			}
		}
	}
	ask("GET", "/hls/stream.m3u8?token="+viewer, "")
	ask("GET", "/t/"+viewer+"/hls/nothing", "")
	ask("GET", "/t/"+viewer+"x/hls/stream.m3u8", "")
	ask("GET", "/t/"+viewer+"/../../x", "")
	ask("POST", "/viewer/login", "passphrase="+passphrase)
	ask("POST", "/viewer/login", "passphrase="+passphrase+"x&to=%zz")
	records, err := repo.Audit.AuditRecords(t.Context(), repository.AuditQuery{})
	if err != nil || len(records) == 0 {
		t.Errorf("%d records in the audit, %v", len(records), err)
	}
	for name, text := range map[string]string{"an answer": answers.String(), "the log": logs.String(), "the audit": jsonText(records)} {
		for _, s := range secrets {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%q is in %s: …%s…", s, name, text[max(0, i-200):min(len(text), i+60)])
			}
		}
		if len(text) < 200 {
			t.Errorf("%s is empty: %q", name, text)
		}
	}
}
