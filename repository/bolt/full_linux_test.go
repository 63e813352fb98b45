package bolt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/bolt"
)

// inNamespace is set in the process that has a mount namespace of its own.
const inNamespace = "REPOSITORY_BOLT_TEST_NAMESPACE"

// TestAFullDiskLosesNothing fills a small tmpfs, which it mounts in a
// namespace of its own.
func TestAFullDiskLosesNothing(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		runInNamespace(t)
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		fmt.Println("cannot mount:", err)
		return
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	if info, err := os.Stat(ballast); err != nil {
		t.Fatal(err)
	} else if err := os.Truncate(ballast, info.Size()-int64(os.Getpagesize())); err != nil { // room for the first page
		t.Fatal(err)
	}

	path := filepath.Join(dir, "test.db")
	if db, err := bolt.Open(path); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Open on a full disk = %v, %v; want ENOSPC", db, err)
	}
	free(t, ballast)
	db := open(t, path)
	st := db.Repository().Settings
	if _, err := st.Save(t.Context(), "a", 0, json.RawMessage(`"old"`)); err != nil {
		t.Fatal(err)
	}

	if err := db.Repository().Chat.AppendMessages(t.Context(), repository.Message{ID: "old"}); err != nil {
		t.Fatal(err)
	}

	fill(t, ballast)
	many := manyMessages()
	big := json.RawMessage(`"` + strings.Repeat("x", 300_000) + `"`)
	for range 3 {
		if _, err := st.Save(t.Context(), "a", 1, big); err == nil || errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("Save on a full disk = %v, want an error of the system", err)
		}
		if doc, err := st.Load(t.Context(), "a"); err != nil || string(doc.Data) != `"old"` {
			t.Errorf("Load on a full disk = %s, %v", doc.Data, err)
		}
	}
	for range 3 {
		if err := db.Repository().Chat.AppendMessages(t.Context(), many...); err == nil || errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("AppendMessages on a full disk = %v, want an error of the system", err)
		}
		if n, err := db.Repository().Chat.CountMessages(t.Context()); err != nil || n != 1 {
			t.Errorf("on a full disk there are %d messages, %v", n, err)
		}
	}
	free(t, ballast)
	if err := db.Repository().Chat.AppendMessages(t.Context(), many...); err != nil {
		t.Errorf("AppendMessages once there is room = %v", err)
	}
	if _, err := st.Save(t.Context(), "a", 1, big); err != nil {
		t.Errorf("Save once there is room = %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	checkPages(t, path)
	fmt.Println("was full")
}

// manyMessages are more than a small disk has room for beside a big document.
func manyMessages() []repository.Message {
	var ms []repository.Message
	for i := range 300 {
		ms = append(ms, repository.Message{ID: fmt.Sprint(i), Body: strings.Repeat("x", 500)})
	}
	return ms
}

// fill writes a file that takes all the room there is.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func free(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func runInNamespace(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC):
		t.Skip("no mount namespace to be had here: ", err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case !strings.Contains(string(out), "was full"):
		t.Skipf("no small file system to be had here: %s", out)
	}
}
