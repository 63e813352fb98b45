package activitypub_test

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/repository"
)

// fedify is a server built on an independent implementation, which is strict:
// it refuses every signature that is wrong, and reads JSON-LD.
type fedify struct {
	t    *testing.T
	host string
	ask  func(map[string]any) map[string]any

	mu    sync.Mutex
	lines []map[string]any
}

// fedify starts the server of testdata/fedify, whose modules .ci/fedify
// installs.
func (w *world) fedify(t *testing.T, knock string) *fedify {
	t.Helper()
	dir, err := filepath.Abs("testdata/fedify")
	if err != nil {
		t.Fatal(err)
	}
	node := filepath.Join(dir, "node_modules", ".bin", "node")
	if _, err := os.Stat(node); err != nil {
		t.Skip("Fedify is not installed: run .ci/fedify")
	}
	tmp := t.TempDir()
	cert := w.certificate("fedify.test")
	keyDER, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: w.ca.Raw}, "cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(tmp, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	w.name("fedify.test", "127.0.0.1")
	f := &fedify{t: t, host: "fedify.test:" + port}
	cmd := exec.Command(node, filepath.Join(dir, "peer.mjs"), f.host, port, filepath.Join(tmp, "cert.pem"), filepath.Join(tmp, "key.pem"), knock)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+filepath.Join(tmp, "ca.pem"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { // ends with the process
		defer close(read)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			var line map[string]any
			if json.Unmarshal(s.Bytes(), &line) == nil {
				f.mu.Lock()
				f.lines = append(f.lines, line)
				f.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		<-read
		_ = cmd.Wait()
		if t.Failed() {
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, line := range f.lines {
				t.Logf("fedify: %.600v", line)
			}
		}
	})
	n := 0
	f.ask = func(q map[string]any) map[string]any {
		t.Helper()
		n++
		q["n"] = n
		data, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(data, '\n')); err != nil {
			t.Fatal(err)
		}
		answer := f.find(fmt.Sprintf("the answer to %s", data), func(line map[string]any) bool { return line["done"] == float64(n) })
		if answer["failed"] != nil {
			t.Fatalf("%v: %v", q, answer["failed"])
		}
		result, _ := answer["result"].(map[string]any)
		return result
	}
	f.find("it is ready", func(line map[string]any) bool { return line["ready"] != nil })
	return f
}

// find waits for a line.
func (f *fedify) find(what string, ok func(map[string]any) bool) (found map[string]any) {
	f.t.Helper()
	eventually(f.t, what, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, line := range f.lines {
			if ok(line) {
				found = line
				return true
			}
		}
		return false
	})
	return found
}

// received waits for an activity that Fedify has verified and understood.
func (f *fedify) received(kind string, ok func(doc map[string]any) bool) map[string]any {
	f.t.Helper()
	line := f.find(kind+" is received", func(line map[string]any) bool {
		doc, _ := line["json"].(map[string]any)
		return line["received"] == kind && (ok == nil || ok(doc))
	})
	doc, _ := line["json"].(map[string]any)
	return doc
}

func TestAServerBuiltOnFedify(t *testing.T) {
	for _, knock := range []string{"rfc9421", "draft-cavage-http-signatures-12"} {
		t.Run(knock, func(t *testing.T) {
			w := newWorld(t)
			c := w.channel("one.test")
			f := w.fedify(t, knock)
			carol := "https://" + f.host + "/users/carol"

			// It finds the channel by its account, and understands the actor.
			found := f.ask(map[string]any{"verb": "lookup", "target": "acct:streamer@" + c.host})
			actor, _ := found["json"].(map[string]any)
			if found["type"] != "Service" || actor["id"] != c.actor() || actor["preferredUsername"] != "streamer" || actor["publicKey"] == nil {
				t.Errorf("%v", found)
			}
			follow := f.ask(map[string]any{"verb": "follow", "target": c.actor()})
			accept := f.received("Accept", nil)
			if object, _ := accept["object"].(map[string]any); accept["actor"] != c.actor() || object["id"] != follow["id"] {
				t.Errorf("%v", accept)
			}
			if e := await[federation.Followed](c, 1); e.By.Account != "carol@"+f.host || e.By.Name != "Carol of Fedify" {
				t.Errorf("%+v", e)
			}

			// It gets posts, with what Mastodon and others add to them.
			c.instance(func(i *owncast.Instance) { i.StreamTitle = "Live with Fedify" })
			iri, err := c.app.Federation().GoLive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			create := f.received("Create", nil)
			note, _ := create["object"].(map[string]any)
			if note["id"] != iri || !strings.Contains(fmt.Sprint(note["content"]), "Live with Fedify") || !strings.Contains(fmt.Sprint(note["tag"]), "#owncast") {
				t.Errorf("%v", create)
			}
			if got := f.ask(map[string]any{"verb": "lookup", "target": iri}); got["type"] != "Note" {
				t.Errorf("%v", got)
			}

			// It likes, shares, answers and posts.
			like := f.ask(map[string]any{"verb": "like", "target": iri})
			if e := await[federation.Liked](c, 1); e.Post != iri || !e.Live || e.Activity != like["id"] {
				t.Errorf("%+v", e)
			}
			f.ask(map[string]any{"verb": "announce", "target": iri})
			await[federation.Shared](c, 1)
			f.ask(map[string]any{"verb": "note", "target": iri, "text": "<p>great <strong>stream</strong></p>"})
			if e := await[federation.Replied](c, 1); e.Post != iri || e.Note.Text != "great stream" || e.By.IRI != carol {
				t.Errorf("%+v", e)
			}
			f.ask(map[string]any{"verb": "note", "target": c.actor(), "text": "<p>@streamer hello</p>"})
			if e := await[federation.Mentioned](c, 1); e.Note.Text != "@streamer hello" {
				t.Errorf("%+v", e)
			}
			f.ask(map[string]any{"verb": "undo", "target": c.actor(), "id": like["id"]})

			// Changes of the channel, events, and a direct message.
			c.instance(func(i *owncast.Instance) { i.Name = "Another name" })
			c.reconcile()
			f.received("Update", func(doc map[string]any) bool {
				object, _ := doc["object"].(map[string]any)
				return object["name"] == "Another name"
			})
			if err := c.app.Federation().Message(t.Context(), "carol@"+f.host, "<p>only you</p>"); err != nil {
				t.Fatal(err)
			}
			f.received("Create", func(doc map[string]any) bool {
				object, _ := doc["object"].(map[string]any)
				return strings.Contains(fmt.Sprint(object["content"]), "only you") && doc["to"] == carol
			})

			// It verifies a new key, and an actor that has moved.
			if err := c.app.Federation().RotateKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := c.app.Federation().Post(t.Context(), "signed with another key"); err != nil {
				t.Fatal(err)
			}
			f.received("Create", func(doc map[string]any) bool { return strings.Contains(fmt.Sprint(doc["object"]), "another key") })
			c.set(func(s *owncast.FederationSettings) { s.Username = "stage" })
			c.reconcile()
			if move := f.received("Move", nil); move["target"] != c.base+"/federation/user/stage" {
				t.Errorf("%v", move)
			}
			c.set(func(s *owncast.FederationSettings) { s.Username = "streamer" })
			c.reconcile()

			// It leaves.
			f.ask(map[string]any{"verb": "undo", "target": c.actor(), "id": follow["id"]})
			await[federation.Unfollowed](c, 1)
			if n := len(c.followers(repository.FollowersAll)); n != 0 {
				t.Errorf("%d followers", n)
			}
			f.checkSignatures(map[bool]string{true: "rfc9421", false: "draft-cavage"}[knock == "rfc9421"])
		})
	}
}

// checkSignatures fails the test if Fedify has refused anything, or something
// was not signed as it signs itself: that was remembered.
func (f *fedify) checkSignatures(want string) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := map[string]int{}
	for _, line := range f.lines {
		if e := line["error"]; e != nil {
			f.t.Errorf("%v", e)
		}
		request, _ := line["request"].(string)
		if strings.HasPrefix(request, "POST ") {
			kind, _ := line["signature"].(string)
			kinds[kind]++
			if code, _ := line["status"].(float64); code >= 400 {
				f.t.Errorf("%v", line)
			}
		}
	}
	if len(kinds) != 1 || kinds[want] < 5 {
		f.t.Errorf("signed by %v", kinds)
	}
}
