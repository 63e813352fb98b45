package httpx

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// response remembers what became of an answer.
type response struct {
	http.ResponseWriter
	begun  bool // the status is on its way, or the connection is the handler's
	failed bool // the client did not take what was written
}

// WriteHeader is for informational answers too, which begin nothing.
func (w *response) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.begun = true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the answer.
func (w *response) Write(p []byte) (int, error) {
	w.begun = true
	n, err := w.ResponseWriter.Write(p)
	w.failed = w.failed || err != nil
	return n, err
}

// ReadFrom lets io.Copy use what the server's writer has for files.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	rf, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	w.begun = true
	n, err := rf.ReadFrom(src)
	// A failed read, of a file or of another connection, is not the client's.
	var op *net.OpError
	w.failed = w.failed || errors.As(err, &op) && op.Op != "read"
	return n, err
}

// FlushError is for http.ResponseController.
func (w *response) FlushError() error {
	w.begun = true
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.failed = w.failed || err != nil
	return err
}

// Hijack is for http.ResponseController.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.begun = w.begun || err == nil
	return conn, rw, err
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// abort makes the server close the connection, or reset the stream, instead
// of ending the answer as if it were whole. It is what panicking with
// http.ErrAbortHandler does, by a write deadline that is over.
func (w *response) abort() {
	// An error means that the writer is no server's; nobody is fooled then.
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
}
