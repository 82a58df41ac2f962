package validate

import (
	"cmp"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"sync"

	"github.com/backstop-go/backstop/internal/strictjson"
)

// A document is a body in memory and, if it is JSON, what the scan knows of it.
// One from the pool is overwritten with zeros before it goes back, because
// bodies hold passwords.
type document struct {
	data    []byte
	pooled  bool
	scanner *strictjson.Scanner // nil if the body is no JSON
	parts   *multipart.Form     // of a body with files
}

const (
	leastRead = 512      // bytes of the smallest buffer
	firstStop = 4 << 10  // where a body is scanned for the first time
	firstRead = 16 << 10 // as long as this a body is believed to be, whatever its header claims
	earlyRead = 64 << 10 // what comes so far is scanned before more is read; no longer buffer is kept
)

var documents = sync.Pool{New: func() any { return &document{data: make([]byte, 0, leastRead), pooled: true} }}

func newDocument(length int64, keep bool) *document {
	// One more byte lets the read that fills the buffer find the end, too.
	size := int(min(max(length+1, leastRead), firstRead))
	if keep {
		return &document{data: make([]byte, 0, size)}
	}
	d := documents.Get().(*document)
	if cap(d.data) < size {
		d.data = make([]byte, 0, size)
	}
	return d
}

// fill reads a body of that length, or of any length if it is negative. In the
// first 64 KiB it stops to scan what it has, so that a body that is wrong at its
// begin is refused there.
func (d *document) fill(r io.Reader, length int64) error {
	stop := firstStop
	for {
		if n := len(d.data); n == min(stop, cap(d.data)) {
			if n <= earlyRead {
				if err := d.check(); err != nil {
					return err
				}
			}
			if n == cap(d.data) {
				d.grow(length)
			}
			stop = max(4*n, firstStop)
		}
		n, err := r.Read(d.data[len(d.data):min(stop, cap(d.data))])
		d.data = d.data[:len(d.data)+n]
		if err == nil {
			continue
		}
		if err == io.EOF {
			return nil
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			// What is too large and malformed, too, is malformed however it was
			// cut into reads.
			return cmp.Or(d.check(), err)
		}
		return err
	}
}

// check scans what has been read so far.
func (d *document) check() error {
	if d.scanner == nil {
		return nil
	}
	return d.scanner.Scan(d.data, false)
}

// grow makes room for more, and wipes the old buffer if it is shared. A header
// that has kept its word so far is believed a little more.
func (d *document) grow(length int64) {
	have := int64(cap(d.data))
	size := 2 * have
	switch {
	case have < length && length < 8*have:
		size = length + 1
	case have < length:
		size = 4 * have
	}
	if have < earlyRead {
		size = min(size, earlyRead)
	}
	data := append(make([]byte, 0, size), d.data...)
	if d.pooled {
		clear(d.data)
	}
	d.data = data
}

func (d *document) release() {
	if d.scanner != nil {
		d.scanner.Release()
	}
	d.scanner, d.parts = nil, nil
	if !d.pooled {
		return
	}
	// MaxBytesReader has read one byte more than it told, if there was one.
	clear(d.data[:min(len(d.data)+1, cap(d.data))])
	d.data = d.data[:0]
	if cap(d.data) <= earlyRead {
		documents.Put(d)
	}
}
