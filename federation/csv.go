package federation

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/owncast-go/owncast/repository"
)

// MaxCSV is how many bytes a list of blocked domains may have.
const MaxCSV = 2 << 20

// csvColumns are those of the lists that servers of the fediverse exchange.
func csvColumns() []string {
	return []string{"#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"}
}

// ExportDomains returns the blocked domains as CSV, in the columns that
// Mastodon and others read.
func ExportDomains(domains []string) ([]byte, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write(csvColumns())
	for _, d := range domains {
		err = errors.Join(err, w.Write([]string{d, "suspend", "TRUE", "TRUE", "", "FALSE"}))
	}
	w.Flush()
	if err := errors.Join(err, w.Error()); err != nil {
		return nil, fmt.Errorf("export domains: %w", err)
	}
	return []byte(b.String()), nil
}

// SkippedDomain is a line of a list that was not taken.
type SkippedDomain struct {
	Line   int    `json:"line"`
	Domain string `json:"domain"`
	Reason string `json:"reason"`
}

// ImportDomains reads the domains to block from CSV: the columns of Mastodon
// with or without "#", in any order, or one domain in each line. Domains that
// a list says to limit or to leave alone, and those that are hidden by "*",
// are skipped. What is no CSV is a [*repository.FieldError].
func ImportDomains(text string) (domains []string, skipped []SkippedDomain, err error) {
	if len(text) > MaxCSV {
		return nil, nil, badCSV(fmt.Sprintf("has more than %d bytes", MaxCSV))
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	domainAt, severityAt := 0, -1
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return domains, skipped, nil
		}
		if err != nil {
			return nil, nil, badCSV("is no CSV: " + err.Error())
		}
		line, _ := r.FieldPos(0)
		if first {
			if at := column(record, "domain"); at >= 0 {
				domainAt, severityAt = at, column(record, "severity")
				continue
			}
		}
		if domainAt >= len(record) || strings.TrimSpace(record[domainAt]) == "" {
			continue
		}
		domain, severity := record[domainAt], ""
		if severityAt >= 0 && severityAt < len(record) {
			severity = strings.ToLower(strings.TrimSpace(record[severityAt]))
		}
		clean, reason := importDomain(domain, severity)
		if reason != "" {
			skipped = append(skipped, SkippedDomain{line, clip(domain), reason})
			continue
		}
		domains = append(domains, clean)
	}
}

func badCSV(reason string) error { return &repository.FieldError{Field: "value", Reason: reason} }

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 255)], "") }

func column(record []string, name string) int {
	for i, field := range record {
		if strings.EqualFold(strings.TrimLeft(strings.TrimSpace(field), "#"), name) {
			return i
		}
	}
	return -1
}

// importDomain returns a domain as the settings have it, or why it is skipped.
func importDomain(domain, severity string) (clean, reason string) {
	switch severity {
	case "", "suspend", "block":
	case "silence", "limit", "noop":
		return "", "its severity is " + severity
	default:
		return "", "its severity is unknown"
	}
	if strings.Contains(domain, "*") {
		return "", "part of it is hidden"
	}
	clean = cleanDomain(domain)
	if !validDomain(clean) {
		return "", "it is no domain"
	}
	return clean, ""
}
