//go:build !windows && !plan9 && !solaris && !aix && !android

package bolt

import (
	"os"
	"syscall"
)

// replacesOpenFiles tells whether a file can be replaced that is open.
const replacesOpenFiles = true

// unlock gives back the lock that bbolt has taken on f.
func unlock(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var unlockErr error
	err = conn.Control(func(fd uintptr) { unlockErr = syscall.Flock(int(fd), syscall.LOCK_UN) })
	if err != nil {
		return err
	}
	return unlockErr
}
