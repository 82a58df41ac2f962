package exchange

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// The bodies of the methods in recorder_variants.go. Each runs only if the writer
// beneath has the method, too.

func (r *Recorder) flush() {
	// Flush cannot return an error. ResponseController calls FlushError.
	r.FlushError()
}

func (r *Recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	return r.hijacked(r.w.(http.Hijacker).Hijack)
}

// past stands for the writer beneath r, which is no Hijacker. A ResponseController
// would unwrap that writer, and hijack without the knowledge of r.
type past struct{ r *Recorder }

func (p past) Header() http.Header         { return p.r.w.Header() }
func (p past) Write(b []byte) (int, error) { return p.r.w.Write(b) }
func (p past) WriteHeader(status int)      { p.r.w.WriteHeader(status) }
func (p past) Unwrap() http.ResponseWriter { return p.r.w }

// Hijack hijacks through the writers beneath.
func (p past) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return p.r.hijacked(http.NewResponseController(p.r.w).Hijack)
}

// hijacked hijacks. Before that it passes on what is kept, because net/http sends
// its header before it gives the connection away.
func (r *Recorder) hijacked(hijack func() (net.Conn, *bufio.ReadWriter, error)) (net.Conn, *bufio.ReadWriter, error) {
	if r.kept != nothing && r.state == Fresh {
		r.release()
	}
	conn, rw, err := hijack()
	if err != nil {
		return nil, nil, err
	}
	r.kept = nothing
	r.become(Hijacked)
	r.x.EditExtra(func(e *Extra) { e.hijacked = conn })
	return conn, rw, nil
}

func (r *Recorder) push(target string, opts *http.PushOptions) error {
	return r.w.(http.Pusher).Push(target, opts)
}

func (r *Recorder) closeNotify() <-chan bool {
	return r.w.(closeNotifier).CloseNotify()
}

// firstRead is how many bytes of a source are read before the answer begins, as many
// as http.DetectContentType looks at.
const firstRead = 512

// readFrom lets the writer beneath use sendfile, unless the body is dropped or has to
// be looked at. A source that ends, fails or panics before its first byte begins no
// answer.
func (r *Recorder) readFrom(src io.Reader) (int64, error) {
	first := int64(0)
	if !r.flows() {
		n, err := r.readFirst(src)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		first = n
	}
	if !r.streams() {
		n, err := io.Copy(struct{ io.Writer }{r}, src)
		return first + n, err
	}
	n, err := r.w.(io.ReaderFrom).ReadFrom(src)
	r.count(n, nil) // err may be that of src
	return first + n, err
}

// readFirst passes on the first bytes of src. The error may be io.EOF.
func (r *Recorder) readFirst(src io.Reader) (int64, error) {
	p := make([]byte, firstRead)
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = src.Read(p)
	}
	if n == 0 {
		return 0, err
	}
	wrote, failed := r.Write(p[:n])
	if failed != nil {
		err = failed
	}
	return int64(wrote), err
}
