package activitypub_test

import (
	"bytes"
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Hosts that do not ask for the federation have none of it in their program.
func TestHostsWithoutFederationLinkNoneOfIt(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	gobin, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	const fed, sfv = "github.com/go-fed/activity", "github.com/dunglas/httpsfv"
	file := filepath.Join(t.TempDir(), "minimal")
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), gobin, "build", "-o", file, "../../examples/minimal")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) < 5 {
		t.Errorf("the program has %d modules", len(info.Deps))
	}
	for _, m := range info.Deps {
		if m.Path == fed || m.Path == sfv {
			t.Errorf("the program has %s", m.Path)
		}
	}
	// The module list would not show packages of ours.
	deps, err := exec.CommandContext(t.Context(), gobin, "list", "-deps", "../../examples/minimal").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(deps), "federation/activitypub") || !strings.Contains(string(deps), "owncast/federation\n") {
		t.Error("the program has package activitypub, or not package federation")
	}
	// The one that asks for it does have it.
	deps, err = exec.CommandContext(t.Context(), gobin, "list", "-deps", "../../examples/standalone").Output()
	if err != nil || !strings.Contains(string(deps), fed+"/streams") {
		t.Errorf("examples/standalone lacks it: %v", err)
	}
}
