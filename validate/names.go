package validate

import (
	"hash/maphash"

	"github.com/backstop-go/backstop/problem"
)

// A span is a name: bytes of data, or of text if it was escaped.
type span struct {
	start, end int
	escaped    bool
}

// seed makes the hashes of names unpredictable, because clients choose the
// names.
var seed = maphash.MakeSeed()

// duplicate returns the index of a name that came before, or -1. Few names are
// compared with each other; many are hashed.
func (s *scanner) duplicate(names []span) int {
	const few = 16
	if len(names) <= few {
		for i, a := range names {
			for _, b := range names[:i] {
				if a.end-a.start == b.end-b.start && string(s.name(a)) == string(s.name(b)) {
					return i
				}
			}
		}
		return -1
	}
	size := 4 * few
	for size < 2*len(names) {
		size *= 2
	}
	if cap(s.table) < size {
		s.table = make([]int32, size)
	}
	table := s.table[:size]
	clear(table)
	for i, a := range names {
		name := s.name(a)
		slot := int(maphash.Bytes(seed, name)) & (size - 1)
		for table[slot] != 0 {
			if string(s.name(names[table[slot]-1])) == string(name) {
				return i
			}
			slot = (slot + 1) & (size - 1)
		}
		table[slot] = int32(i + 1)
	}
	return -1
}

// duplicateError names the path of a member that came twice.
func (s *scanner) duplicateError(name span) error {
	var f problem.FieldError
	for i, fr := range s.frames[:len(s.frames)-1] {
		if fr.array {
			f.Path = append(f.Path, fr.count-1)
			continue
		}
		last := s.names[s.frames[i+1].base-1]
		f.Path = append(f.Path, segment(fr.node, s.name(last)))
	}
	top := s.frames[len(s.frames)-1]
	f.Path = append(f.Path, segment(top.node, s.name(name)))
	text := string(f.AppendPath([]byte("Duplicate member "), problem.Brackets)) + " in request body"
	return s.refuse("a name came twice in one object", text)
}

// segment is the path element of a name in an object that becomes n.
func segment(n *node, name []byte) any {
	if n != nil && n.shape == shapeMap {
		return problem.Key(name)
	}
	return string(name)
}

func (s *scanner) name(n span) []byte {
	if n.escaped {
		return s.text[n.start:n.end]
	}
	return s.data[n.start:n.end]
}
