package email_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/email"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server takes mail from whoever knows the password.
type server struct {
	port  int
	plain bool        // asks for no password
	roots *tls.Config // for clients

	mu     sync.Mutex
	refuse error // of recipients
	mails  []received
}

type received struct {
	from string
	to   []string
	msg  *mail.Message
	body string
}

func newServer(t *testing.T, security email.Security) *server {
	t.Helper()
	cert, roots := certificate(t)
	s := &server{plain: security == email.Plain, roots: &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{s: s}, nil }))
	srv.Domain = "localhost"
	srv.ErrorLog = discard{}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	switch security {
	case email.TLS:
		l = tls.NewListener(l, config)
	case email.StartTLS:
		srv.TLSConfig = config
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-served })
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

type session struct {
	s    *server
	user bool
	mail received
}

func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "live" || password != "hush" {
			return smtp.ErrAuthFailed
		}
		x.user = true
		return nil
	}), nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if !x.user && !x.s.plain {
		return smtp.ErrAuthRequired
	}
	x.mail.from = from
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.mail.to = append(x.mail.to, to)
	return x.s.refuse
}

func (x *session) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	x.mail.msg = m
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	x.mail.body = strings.ReplaceAll(string(b), "\r\n", "\n")
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.mails = append(x.s.mails, x.mail)
	return err
}

func (x *session) Reset()      { x.mail = received{} }
func (*session) Logout() error { return nil }

func (s *server) config(security email.Security) email.Config {
	c := email.Config{
		Host: "localhost", Port: s.port, Security: security, TLSConfig: s.roots, Username: "live", Password: "hush",
		From: "live@example.org", To: []string{"a@example.org", "B <b@example.org>"},
	}
	if security == email.Plain {
		c.Username, c.Password = "", ""
	}
	return c
}

func notifier(t *testing.T, c email.Config) *email.Notifier {
	t.Helper()
	n, err := email.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMailArrives(t *testing.T) {
	for name, security := range map[string]email.Security{"STARTTLS": email.StartTLS, "TLS": email.TLS, "plain": email.Plain} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, security)
			n := webhooks.Notification{ID: "id", Server: "Übung\r\nBcc: evil@example.org", Message: "Live! 🎉", Title: "A title\r\nX-Evil: 1", URL: "https://live.example/" + strings.Repeat("x", 100)}
			e := notifier(t, s.config(security))
			for range 2 { // another try is the same mail
				if err := e.Notify(t.Context(), n); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.mails) != 2 {
				t.Fatalf("%d mails", len(s.mails))
			}
			m := s.mails[0]
			subject, err := new(mime.WordDecoder).DecodeHeader(m.msg.Header.Get("Subject"))
			if err != nil || subject != "Übung Bcc: evil@example.org: A title X-Evil: 1" {
				t.Errorf("subject %q, %v", subject, err)
			}
			from, err := mail.ParseAddress(m.msg.Header.Get("From"))
			if err != nil || from.Name != "Übung Bcc: evil@example.org" || from.Address != "live@example.org" || m.from != "live@example.org" {
				t.Errorf("from %v, %s, %v", from, m.from, err)
			}
			h := m.msg.Header
			if strings.Join(m.to, " ") != "a@example.org b@example.org" || h.Get("Bcc") != "" || strings.Contains(h.Get("To")+h.Get("Cc"), "a@") || h.Get("X-Evil") != "" {
				t.Errorf("to %v, header %v", m.to, h)
			}
			if h.Get("Message-Id") != "<id@example.org>" || s.mails[1].msg.Header.Get("Message-Id") != h.Get("Message-Id") || h.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("header %v", h)
			}
			if _, err := h.Date(); err != nil {
				t.Error(err)
			}
			if strings.TrimRight(m.body, "\n") != strings.ReplaceAll(n.Text(), "\r\n", "\n") {
				t.Errorf("body %q, want %q", m.body, n.Text())
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	s := newServer(t, email.StartTLS)
	c := s.config(email.StartTLS)
	c.Password = "hush-not"
	err := notifier(t, c).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a wrong password: %v", err)
	}
	for code, permanent := range map[int]bool{550: true, 450: false} {
		s.mu.Lock()
		s.refuse = &smtp.SMTPError{Code: code, Message: "no such user"}
		s.mu.Unlock()
		err := notifier(t, s.config(email.StartTLS)).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"})
		if err == nil || errors.Is(err, webhooks.ErrPermanent) != permanent {
			t.Errorf("%d: %v", code, err)
		}
	}
	if len(s.mails) != 0 {
		t.Errorf("%d mails", len(s.mails))
	}
}

func TestNothingGoesInTheClear(t *testing.T) {
	s := newServer(t, email.Plain) // has no TLS, and asks for no password
	c := s.config(email.StartTLS)
	c.Username, c.Password = "", ""
	if err := notifier(t, c).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"}); err == nil || len(s.mails) != 0 {
		t.Errorf("without TLS: %v", err)
	}
	s = newServer(t, email.StartTLS)
	c = s.config(email.StartTLS)
	c.TLSConfig = nil // of the system, which does not know the certificate
	if err := notifier(t, c).Notify(t.Context(), webhooks.Notification{ID: "1", Message: "x"}); err == nil || len(s.mails) != 0 {
		t.Errorf("with a certificate of nobody: %v", err)
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	good := email.Config{Host: "localhost", From: "a@example.org", To: []string{"b@example.org"}}
	notifier(t, good)
	for name, change := range map[string]func(*email.Config){
		"no host": func(c *email.Config) { c.Host = "" }, "a port": func(c *email.Config) { c.Port = 70_000 }, "a security": func(c *email.Config) { c.Security = 9 },
		"a password in the clear": func(c *email.Config) { c.Security, c.Username = email.Plain, "x" },
		"nobody":                  func(c *email.Config) { c.To = nil }, "no sender": func(c *email.Config) { c.From = "" }, "no address": func(c *email.Config) { c.To = []string{"x\r\ny"} },
		"everybody": func(c *email.Config) { c.To = make([]string, 101) },
	} {
		c := good
		change(&c)
		if _, err := email.New(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
