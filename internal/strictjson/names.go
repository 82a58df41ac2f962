package strictjson

import "hash/maphash"

// A span is a name: bytes of the document or, if it was escaped, of text.
type span struct {
	start int32
	size  int32 // of escaped names -1 - size
}

func (s *Scanner) remember(start, end int, escaped bool) {
	name := span{int32(start), int32(end - start)}
	if escaped {
		from := len(s.text)
		s.text = appendUnescaped(s.text, s.data[start:end])
		name = span{int32(from), int32(-1 - (len(s.text) - from))}
	}
	s.names = append(grown(s.names), name)
}

func (s *Scanner) name(n span) []byte {
	if n.size < 0 {
		return s.text[n.start : n.start-1-n.size]
	}
	return s.data[n.start : n.start+n.size]
}

// seed makes the hashes of names unpredictable, because clients choose the
// names.
var seed = maphash.MakeSeed()

// few names are compared with each other; more are hashed.
const few = 16

// duplicate returns the index of a name that came before, or -1.
func (s *Scanner) duplicate(names []span) int {
	if len(names) > few {
		return s.duplicateOfMany(names)
	}
	for i, a := range names {
		for _, b := range names[:i] {
			if (a.size == b.size || (a.size^b.size) < 0) && string(s.name(a)) == string(s.name(b)) {
				return i
			}
		}
	}
	return -1
}

func (s *Scanner) duplicateOfMany(names []span) int {
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

// duplicateError says where the member is that came twice.
func (s *Scanner) duplicateError(name span) error {
	var path []any
	for i, f := range s.frames[:len(s.frames)-1] {
		if f.array {
			path = append(path, f.count-1)
			continue
		}
		last := s.names[s.frames[i+1].base-1]
		path = append(path, string(s.name(last)))
	}
	path = append(path, string(s.name(name)))
	return &Error{Kind: Duplicate, Offset: s.pos, Reason: "a name came twice in one object", Path: path}
}
