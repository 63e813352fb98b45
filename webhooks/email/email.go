// Package email sends notifications by e-mail, through a server that takes
// mail from whoever has an account (RFC 6409).
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/owncast-go/owncast/webhooks"
)

const (
	sendTime   = time.Minute
	maxSubject = 200 // characters
	// maxRecipients is how many a message may have: lists of more are for
	// programs that are made for that.
	maxRecipients = 100
)

// Security is how the connection to the server is protected.
type Security uint8

// The choices of Security.
const (
	// StartTLS begins in the clear and goes no further without TLS, mostly at
	// port 587. It is the default.
	StartTLS Security = iota
	// TLS is encrypted from the beginning, mostly at port 465.
	TLS
	// Plain is not encrypted: for a server on this machine that asks for no
	// password.
	Plain
)

// Config is who sends what to whom.
type Config struct {
	Host     string
	Port     int // 0 is 587, or 465 with TLS, or 25 with Plain
	Security Security
	// TLSConfig is for certificates that are not the system's. It may be nil.
	TLSConfig *tls.Config
	// Username and Password are empty for a server that asks for none.
	Username, Password string
	From               string   // such as "My channel <live@example.org>"
	To                 []string // up to a hundred; they are not told of one another
}

// Notifier sends to some addresses. It is a [webhooks.Notifier].
type Notifier struct {
	cfg  Config
	from *mail.Address
	to   []string
}

var _ webhooks.Notifier = (*Notifier)(nil)

// New returns a Notifier. The error says what of c cannot be.
func New(c Config) (*Notifier, error) {
	n := &Notifier{cfg: c}
	var err error
	switch {
	case c.Host == "":
		return nil, errors.New("email: config without a Host")
	case c.Security > Plain:
		return nil, fmt.Errorf("email: config with security %d", c.Security)
	case c.Port < 0 || c.Port > 65535:
		return nil, fmt.Errorf("email: config with port %d", c.Port)
	case c.Security == Plain && c.Username != "":
		return nil, errors.New("email: config with a password that would be sent in the clear")
	case len(c.To) == 0 || len(c.To) > maxRecipients:
		return nil, fmt.Errorf("email: config with %d recipients, of 1 to %d", len(c.To), maxRecipients)
	}
	if n.from, err = mail.ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("email: From: %w", err)
	}
	for _, s := range c.To {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return nil, fmt.Errorf("email: To: %w", err)
		}
		n.to = append(n.to, a.Address)
	}
	return n, nil
}

// Name returns "email".
func (*Notifier) Name() string { return "email" }

// Notify sends n. Another try has the same Message-ID.
func (e *Notifier) Notify(ctx context.Context, n webhooks.Notification) error {
	m, err := e.message(n)
	if err != nil {
		return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	client, err := gomail.NewClient(e.cfg.Host, e.options()...)
	if err != nil {
		return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		if s := new(gomail.SendError); errors.As(err, &s) && !s.IsTemp() && s.ErrorCode() >= 500 {
			return fmt.Errorf("%w: %w", webhooks.ErrPermanent, err)
		}
		return err
	}
	return nil
}

func (e *Notifier) message(n webhooks.Notification) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	subject := strings.Join(strings.Fields(strings.Join([]string{n.Server, headline(n)}, ": ")), " ") // one line
	if r := []rune(subject); len(r) > maxSubject {
		subject = string(r[:maxSubject])
	}
	m.Subject(subject)
	m.SetMessageIDWithValue(n.ID + "@" + domain(e.from.Address))
	m.SetDateWithValue(time.Now())
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers of machines
	m.SetBodyString(gomail.TypeTextPlain, n.Text())
	name := e.from.Name
	if name == "" {
		name = strings.Join(strings.Fields(n.Server), " ")
	}
	return m, errors.Join(m.FromFormat(name, e.from.Address), m.Bcc(e.to...))
}

// headline is what the subject says.
func headline(n webhooks.Notification) string {
	if n.Title != "" {
		return n.Title
	}
	first, _, _ := strings.Cut(n.Message, "\n")
	return first
}

// domain is what stands behind the @.
func domain(address string) string { return address[strings.LastIndex(address, "@")+1:] }

func (e *Notifier) options() []gomail.Option {
	opts := []gomail.Option{gomail.WithTimeout(sendTime), gomail.WithoutNoop()}
	port := map[Security]int{StartTLS: 587, TLS: 465, Plain: 25}[e.cfg.Security]
	if e.cfg.Port != 0 {
		port = e.cfg.Port
	}
	switch e.cfg.Security {
	case TLS:
		opts = append(opts, gomail.WithSSL())
	case Plain:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if e.cfg.TLSConfig != nil {
		opts = append(opts, gomail.WithTLSConfig(e.cfg.TLSConfig.Clone()))
	}
	if e.cfg.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(e.cfg.Username), gomail.WithPassword(e.cfg.Password))
	}
	return append(opts, gomail.WithPort(port))
}
