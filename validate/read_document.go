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
	firstRead = 4 << 10  // where a body is scanned for the first time
	earlyRead = 64 << 10 // what comes so far is scanned before more is read; no longer buffer is kept
)

var documents = sync.Pool{New: func() any { return &document{pooled: true} }}

func newDocument(keep bool) *document {
	if keep {
		return new(document)
	}
	return documents.Get().(*document)
}

// fill reads a body of that length, or of any length if it is negative. In the
// first 64 KiB it stops to scan what it has, so that a body that is wrong at its
// begin is refused there. A header that has kept its word so far is believed a
// little more.
func (d *document) fill(r io.Reader, length int64) error {
	for stop := int64(firstRead); ; {
		known := length >= int64(len(d.data))
		size := stop
		if known {
			size = min(stop, length+1) // the read that fills the buffer finds the end, too
		}
		d.grow(int(size))
		for len(d.data) < int(size) {
			n, err := r.Read(d.data[len(d.data):size])
			d.data = d.data[:len(d.data)+n]
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				// What is too large and malformed, too, is malformed however it was
				// cut into reads.
				return cmp.Or(d.check(), err)
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
		if size <= earlyRead {
			if err := d.check(); err != nil {
				return err
			}
		}
		stop *= 2
		if known || stop < earlyRead {
			stop *= 2
		}
	}
}

// check scans what has been read so far.
func (d *document) check() error {
	if d.scanner == nil {
		return nil
	}
	return d.scanner.Scan(d.data, false)
}

// grow makes room for size bytes, and wipes the old buffer if it is shared.
func (d *document) grow(size int) {
	if cap(d.data) >= size {
		return
	}
	data := append(make([]byte, 0, max(size, leastRead)), d.data...)
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
