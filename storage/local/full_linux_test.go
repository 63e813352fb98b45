package local_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/local"
)

// inNamespace is set in the process that has a mount namespace of its own.
const inNamespace = "STORAGE_LOCAL_TEST_NAMESPACE"

// TestAFullDiskKeepsTheOldObject fills a small tmpfs, which it mounts in a
// namespace of its own.
func TestAFullDiskKeepsTheOldObject(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		runInNamespace(t)
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		fmt.Println("cannot mount:", err)
		return
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	s := local.New(dir)
	put(t, s, "dir/a", "old")
	for _, key := range []string{"dir/a", "new"} {
		err := s.Put(t.Context(), key, strings.NewReader(strings.Repeat("x", 1<<20)), storage.PutOptions{})
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Put(%q) on a full disk = %v, want ENOSPC", key, err)
		}
	}
	wantFiles(t, dir, map[string]string{"dir/": "", "dir/a": "old"})
	put(t, s, "dir/a", strings.Repeat("y", 100<<10)) // there is room again
	fmt.Println("was full")
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
