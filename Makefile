# make test   installs what it can of what the tests need, then checks and tests everything
# make check  the quick part: format, vet, lint, other platforms, size
# make bench  benchmarks                          BENCH=regexp COUNT=n PKG=./video/...
# make fuzz   every fuzz target for FUZZTIME=30s  PKG=./video/...
# make ui     builds the web application into internal/web/dist
# make tools  only the installing
# make fmt    formats the Go code

GOLANGCI_VERSION    := v2.15.0
GOVULNCHECK_VERSION := v1.8.0
VERSITYGW_VERSION   := v1.8.0

PKG   ?= ./...
BENCH ?= .
COUNT ?= 1

CACHE       := $(CURDIR)/.cache
GOLANGCI    := $(CACHE)/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint
GOVULNCHECK := $(CACHE)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
VERSITYGW   := $(CACHE)/versitygw-$(VERSITYGW_VERSION)/versitygw
RUN         := .ci/step run

# Tools are built for this machine, whatever is being built for another, and
# never through go.mod.
install = GOFLAGS= GOOS= GOARCH= GOBIN=$(dir $@) go install $(1)

.NOTPARALLEL:
.PHONY: help test check begin end tools format vet lint tidy noui platforms budget vuln race fedify browser bench fuzz ui fmt

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

test: begin tools format vet lint tidy noui platforms budget vuln race fedify browser end
check: begin format vet lint tidy noui platforms budget end

begin end:
	@.ci/step $@

tools:
	@$(RUN) "tools" .ci/tools
	@$(RUN) "an S3 server" .ci/versitygw $(VERSITYGW) $(VERSITYGW_VERSION)

format: $(GOLANGCI)
	@$(RUN) "format" $(GOLANGCI) fmt --diff

vet:
	@$(RUN) "vet" go vet ./...

lint: $(GOLANGCI)
	@$(RUN) "lint" $(GOLANGCI) run ./...

tidy:
	@$(RUN) "go.mod is tidy" .ci/tidy

noui:
	@$(RUN) "without the web application" go vet -tags owncast_noui ./...

platforms:
	@$(RUN) "32 bits" .ci/32bit
	@GOOS=windows CGO_ENABLED=0 $(RUN) "Windows" go vet ./...
	@GOOS=darwin CGO_ENABLED=0 $(RUN) "macOS" go vet ./...

budget:
	@$(RUN) "size and dependencies" .ci/budget

vuln:
	@mkdir -p $(dir $(GOVULNCHECK))
	@[ -x $(GOVULNCHECK) ] || GOFLAGS= GOBIN=$(dir $(GOVULNCHECK)) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) || true
	@ALLOW_SKIP=1 $(RUN) "known vulnerabilities" .ci/vuln $(GOVULNCHECK)

race:
	@$(RUN) "Go tests" .ci/race
	@$(RUN) "Go tests without the web application" go test -tags owncast_noui ./internal/web/...

fedify:
	@$(RUN) "a server built on Fedify" .ci/fedify

browser:
	@$(RUN) "browser and playlist tests" .ci/browser

bench:
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG)

fuzz:
	.ci/fuzz $(PKG)

ui:
	cd internal/web/ui && npm ci --no-audit --no-fund && npm run build

fmt: $(GOLANGCI)
	$(GOLANGCI) fmt
	gzip -dc internal/httpapi/openapi.yaml.gz | cmp -s - internal/httpapi/openapi.yaml || go generate ./internal/httpapi

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), which takes a few minutes"
	@mkdir -p $(dir $@)
	@$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION))
