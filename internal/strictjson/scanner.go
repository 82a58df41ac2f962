// Package strictjson reads JSON as RFC 8259 defines it, and nothing else.
//
// encoding/json repairs much in silence: of two members with the same name it takes
// the last, and it replaces bytes that are not UTF-8 and half surrogates. In each case
// two readers of the same document may see different values. A [Scanner] refuses such
// a document, bounds its size, and says where the fault is. It allocates nothing per
// value, and its time is proportional to the length of the document. It can scan the
// begin of a document before the rest has arrived.
//
// A [Cursor] then reads a document that the Scanner has accepted, without checking the
// grammar again. Neither knows the Go type that the document is decoded into.
package strictjson

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
)

// maxNumber bounds the bytes of one number: strconv takes quadratic time for
// some long ones.
const maxNumber = 1000

// Limits bound a document. A limit of zero allows nothing.
type Limits struct {
	Depth    int // nested containers
	Elements int // members or elements of one container
	Tokens   int // values and names
}

// A Kind says what is wrong with a document.
type Kind uint8

const (
	Syntax    Kind = iota // not JSON, or not UTF-8
	Depth                 // nested more deeply than allowed
	Elements              // more elements, values or names than allowed
	Number                // a number of more than 1,000 bytes
	Duplicate             // a name twice in one object
)

// An Error says why a document is refused. Its text contains no byte of the document.
type Error struct {
	Kind   Kind
	Offset int
	Reason string
	Path   []any // names and indexes that lead to the second member of the same name
}

// Error returns the offset and the reason.
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// A Scanner checks one document. [NewScanner] takes it from a pool. It is not safe for
// concurrent use.
type Scanner struct {
	data   []byte
	pos    int
	limits Limits
	tokens int

	frames []frame // the containers that are open
	names  []name  // the names so far of all open objects
	text   []byte  // names that were written with escapes, unescaped
	table  []int32 // hash table of the names of the object that is being closed
	sizes  []int32 // number of elements of each container that is not empty, in document order
}

// A name is a piece of the document or, if it has escapes, of Scanner.text.
type name struct {
	start, end int32
	escaped    bool
}

// A frame is an open container.
type frame struct {
	array bool
	size  int // index in Scanner.sizes, or -1
	base  int // its first name in Scanner.names
}

var scanners = sync.Pool{New: func() any { return new(Scanner) }}

// NewScanner returns a scanner for one document. Call [Scanner.Release] when neither
// the scanner nor one of its cursors is needed any more.
func NewScanner(limits Limits) *Scanner {
	s := scanners.Get().(*Scanner)
	s.limits = limits
	return s
}

// Release clears s and gives it back to the pool, unless it holds much memory because
// of a large document.
func (s *Scanner) Release() {
	clear(s.text[:cap(s.text)])
	s.data = nil
	if cap(s.frames)+cap(s.names)+cap(s.text)+cap(s.table)+cap(s.sizes) <= 1<<13 {
		scanners.Put(s)
	}
}

// grown returns s with room for one more element. It doubles the capacity: append
// would copy a long list more often, and clients choose how long it is.
func grown[E any](s []E) []E {
	if len(s) < cap(s) {
		return s
	}
	return slices.Grow(s, len(s)+16)
}

// Scan checks a document. If whole is false, data is only the begin of the document,
// and Scan reports no fault that the next bytes could mend. The error is an [*Error].
func (s *Scanner) Scan(data []byte, whole bool) error {
	s.data, s.pos, s.tokens = data, 0, 0
	s.frames, s.names, s.text, s.sizes = s.frames[:0], s.names[:0], s.text[:0], s.sizes[:0]
	err := s.document()
	if !whole && s.pos > len(data)-undecided {
		return nil
	}
	return err
}

// undecided is the length of the longest escape, a surrogate pair. A fault so close to
// the end of the data may be mended by the next bytes.
const undecided = 12

// document reads the whole document: one value and white space.
func (s *Scanner) document() error {
	s.space()
	err := s.value()
	for err == nil && len(s.frames) > 0 {
		err = s.step()
	}
	if err != nil {
		return err
	}
	if s.space(); s.pos < len(s.data) {
		return s.fault("data after the value")
	}
	return nil
}

// Cursor returns a cursor at the begin of the document that s has accepted. The cursor
// is valid until s is released.
func (s *Scanner) Cursor() Cursor {
	c := Cursor{data: s.data, sizes: s.sizes}
	c.space()
	return c
}

// step reads one member, one element or the end of the innermost container.
func (s *Scanner) step() error {
	s.space()
	top := &s.frames[len(s.frames)-1]
	c := s.peek()
	if top.array && c == ']' || !top.array && c == '}' {
		s.pos++
		return s.close()
	}
	switch {
	case top.size < 0:
		top.size = len(s.sizes)
		s.sizes = append(grown(s.sizes), 0)
	case c != ',':
		return s.fault("want a comma or the end of the container")
	default:
		s.pos++
		s.space()
	}
	size := &s.sizes[top.size]
	if *size++; int(*size) > s.limits.Elements {
		return s.refuse(Elements, "more elements in one container than allowed")
	}
	if top.array {
		return s.value()
	}
	if s.peek() != '"' {
		return s.fault("want a name")
	}
	s.tokens++
	start := s.pos + 1
	escaped, err := s.str()
	if err != nil {
		return err
	}
	n := name{int32(start), int32(s.pos - 1), escaped}
	if escaped {
		n.start = int32(len(s.text))
		s.text = appendUnescaped(s.text, s.data[start:s.pos-1])
		n.end = int32(len(s.text))
	}
	s.names = append(grown(s.names), n)
	s.space()
	if s.peek() != ':' {
		return s.fault("want a colon")
	}
	s.pos++
	s.space()
	return s.value()
}

// value reads a scalar, or the first byte of a container.
func (s *Scanner) value() error {
	if s.tokens++; s.tokens > s.limits.Tokens {
		return s.refuse(Elements, "more values and names than allowed")
	}
	switch c := s.peek(); c {
	case '{', '[':
		if len(s.frames) == s.limits.Depth {
			return s.refuse(Depth, "nested more deeply than allowed")
		}
		s.frames = append(s.frames, frame{array: c == '[', size: -1, base: len(s.names)})
		s.pos++
		return nil
	case '"':
		_, err := s.str()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number()
	}
	return s.fault("want a value")
}

// close ends the innermost container.
func (s *Scanner) close() error {
	top := s.frames[len(s.frames)-1]
	names := s.names[top.base:]
	if at := s.duplicate(names); at >= 0 {
		return s.duplicateError(names[at])
	}
	s.names = s.names[:top.base]
	s.frames = s.frames[:len(s.frames)-1]
	return nil
}

func (s *Scanner) fault(reason string) error { return s.refuse(Syntax, reason) }

func (s *Scanner) refuse(kind Kind, reason string) error {
	return &Error{Kind: kind, Offset: s.pos, Reason: reason}
}

// spell returns the bytes of a name.
func (s *Scanner) spell(n name) []byte {
	if n.escaped {
		return s.text[n.start:n.end]
	}
	return s.data[n.start:n.end]
}

// seed makes the hashes of names unpredictable, because clients choose the
// names.
var seed = maphash.MakeSeed()

// Up to few names are compared with each other; more are hashed.
const few = 16

// duplicate returns the index of a name that equals an earlier one, or -1.
func (s *Scanner) duplicate(names []name) int {
	if len(names) > few {
		return s.duplicateOfMany(names)
	}
	for i, a := range names {
		for _, b := range names[:i] {
			if bytes.Equal(s.spell(a), s.spell(b)) {
				return i
			}
		}
	}
	return -1
}

func (s *Scanner) duplicateOfMany(names []name) int {
	size := 2 << bits.Len(uint(len(names)))
	table := slices.Grow(s.table[:0], size)[:size]
	clear(table)
	s.table = table
	for i, n := range names {
		text := s.spell(n)
		slot := int(maphash.Bytes(seed, text)) & (size - 1)
		for ; table[slot] != 0; slot = (slot + 1) & (size - 1) {
			if bytes.Equal(s.spell(names[table[slot]-1]), text) {
				return i
			}
		}
		table[slot] = int32(i + 1)
	}
	return -1
}

// duplicateError returns the error for a member whose name came before.
func (s *Scanner) duplicateError(n name) error {
	var path []any
	for i, f := range s.frames[:len(s.frames)-1] {
		if f.array {
			path = append(path, int(s.sizes[f.size])-1)
			continue
		}
		path = append(path, string(s.spell(s.names[s.frames[i+1].base-1])))
	}
	path = append(path, string(s.spell(n)))
	return &Error{Kind: Duplicate, Offset: s.pos, Reason: "a name came twice in one object", Path: path}
}
