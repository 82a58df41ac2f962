package validate

import (
	"errors"
	"fmt"
	"sync"

	"github.com/backstop-go/backstop/problem"
)

// maxNumber bounds the bytes of one number: strconv takes quadratic time for
// some long ones.
const maxNumber = 1000

// A scanner reads a body once, before encoding/json does, and refuses what
// that would repair in silence: a name twice in one object, broken UTF-8, half
// surrogates. It allocates nothing per value, and takes time in proportion to
// the body, whatever the body is.
//
// It follows the types of the plan on its way, so that it can also say whether
// the walk has something to report that Unmarshal would not: found.
type scanner struct {
	cursor
	v *Validator

	frames []frame // the containers that are open
	names  []span  // the names so far of all open objects
	text   []byte  // names that were written with escapes, unescaped
	table  []int32 // hash table of the object that is being closed
	fold   []byte
	tokens int

	found bool // the walk must look: a case variant, a null element, a missing or unknown member
}

// A frame is an open container.
type frame struct {
	node  *node // what it becomes, nil if nothing is known
	array bool
	base  int    // its first name in scanner.names
	count int    // members or elements so far
	next  int    // the member of node that is likely to come next
	seen  uint64 // of the members whose absence matters
}

// A scanError says why a body cannot be read. The offset and the reason are for
// the log; no byte of the body is in it.
type scanError struct {
	offset int
	reason string
	text   string // public; empty means the style's
}

func (e *scanError) Error() string {
	return fmt.Sprintf("validate: request body, byte %d: %s", e.offset, e.reason)
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// scan checks data and reports whether the walk must look at it. The error is
// of the kind InvalidRequest.
func (v *Validator) scan(data []byte, root *node) (found bool, err error) {
	s := scanners.Get().(*scanner)
	s.v, s.data, s.pos, s.tokens, s.found = v, data, 0, 0, false
	s.frames, s.names, s.text = s.frames[:0], s.names[:0], s.text[:0]
	err = s.document(root)
	found = s.found
	s.release()
	if fault, ok := errors.AsType[*scanError](err); ok {
		return false, problem.InvalidRequest.Wrap(fault, fault.text)
	}
	return found, err
}

// release gives s back to the pool, without the body, and without the memory
// that only a large one needs.
func (s *scanner) release() {
	const keep = 1 << 12
	s.data = nil
	if cap(s.names) > keep {
		s.names = nil
	}
	if cap(s.table) > keep {
		s.table = nil
	}
	if cap(s.text) > keep {
		s.text = nil
	}
	if cap(s.fold) > keep {
		s.fold = nil
	}
	clear(s.frames[:cap(s.frames)])
	clear(s.text[:cap(s.text)])
	clear(s.fold[:cap(s.fold)])
	scanners.Put(s)
}

// document reads the whole body: one value and white space.
func (s *scanner) document(root *node) error {
	s.space()
	if err := s.value(root); err != nil {
		return err
	}
	for len(s.frames) > 0 {
		if err := s.advance(); err != nil {
			return err
		}
	}
	s.space()
	if s.pos < len(s.data) {
		return s.fault("data after the value")
	}
	return nil
}

// advance reads one member, one element or the end of the innermost container.
func (s *scanner) advance() error {
	top := &s.frames[len(s.frames)-1]
	s.space()
	c := s.peek()
	if top.array && c == ']' || !top.array && c == '}' {
		s.pos++
		return s.close()
	}
	if top.count > 0 {
		if c != ',' {
			return s.fault("want a comma or the end of the container")
		}
		s.pos++
		s.space()
	}
	if top.count++; top.count > s.v.cfg.MaxElements {
		return s.refuse("more elements in one container than allowed", textElements)
	}
	if top.array {
		var child *node
		if top.node != nil && top.node.shape == shapeList {
			child = top.node.elem
			s.checkNull(child)
		}
		return s.value(child)
	}
	return s.member(top)
}

// member reads a name and its value.
func (s *scanner) member(top *frame) error {
	if s.peek() != '"' {
		return s.fault("want a name")
	}
	if err := s.token(); err != nil {
		return err
	}
	start := s.pos + 1
	escaped, err := s.str()
	if err != nil {
		return err
	}
	name := span{start, s.pos - 1, escaped}
	if escaped {
		from := len(s.text)
		s.text = appendUnescaped(s.text, s.data[name.start:name.end])
		name.start, name.end = from, len(s.text)
	}
	s.names = append(s.names, name)
	s.space()
	if s.peek() != ':' {
		return s.fault("want a colon")
	}
	s.pos++
	s.space()
	var child *node
	switch n := top.node; {
	case n == nil:
	case n.shape == shapeMap:
		child = n.elem
		s.checkNull(child)
	case n.shape == shapeStruct:
		m := n.object.find(s.name(name), top.next)
		if m == nil {
			s.unknown(n.object, s.name(name))
			break
		}
		top.next = m.position + 1
		if s.peek() != 'n' {
			top.seen |= m.presenceBit
		}
		child = m.node
	}
	return s.value(child)
}

// unknown looks at a name that its struct does not have.
func (s *scanner) unknown(o *object, name []byte) {
	if s.v.cfg.ReportUnknown {
		s.found = true
	}
	// Folding changes the length of a letter at most from one byte to three.
	if s.found || len(name) > 3*o.longest {
		return
	}
	s.fold = appendFolded(s.fold[:0], name)
	if _, ok := o.folded[string(s.fold)]; ok {
		s.found = true
	}
}

// checkNull looks at an element, or at the value of a map entry.
func (s *scanner) checkNull(n *node) {
	if s.peek() == 'n' && n != nil && !n.takesNull && !s.v.cfg.AllowNullElements {
		s.found = true
	}
}

// value reads a scalar, or the first byte of a container.
func (s *scanner) value(n *node) error {
	if err := s.token(); err != nil {
		return err
	}
	switch c := s.peek(); c {
	case '{', '[':
		if len(s.frames) == s.v.cfg.MaxDepth {
			return s.refuse("nested more deeply than allowed", textDepth)
		}
		s.frames = append(s.frames, frame{node: n, array: c == '[', base: len(s.names)})
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
func (s *scanner) close() error {
	top := &s.frames[len(s.frames)-1]
	if !top.array {
		if at := s.duplicate(s.names[top.base:]); at >= 0 {
			return s.duplicateError(s.names[top.base+at])
		}
		if n := top.node; n != nil && n.shape == shapeStruct && top.seen != n.object.presenceMask {
			s.found = true
		}
	}
	s.names = s.names[:top.base]
	s.frames = s.frames[:len(s.frames)-1]
	return nil
}

// token counts a value or a name.
func (s *scanner) token() error {
	if s.tokens++; s.tokens > s.v.cfg.MaxTokens {
		return s.refuse("more values and names than allowed", textElements)
	}
	return nil
}

// Public texts of what the scan refuses. All else is in the style's words.
const (
	textDepth    = "Request body is nested too deeply"
	textElements = "Request body has too many elements"
	textNumber   = "Request body contains a number that is too long"
)

func (s *scanner) fault(reason string) error { return s.refuse(reason, "") }

func (s *scanner) refuse(reason, text string) error {
	return &scanError{offset: s.pos, reason: reason, text: text}
}
