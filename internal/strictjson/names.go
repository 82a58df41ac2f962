package strictjson

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"slices"
)

// seed makes the hashes of names unpredictable, because clients choose the
// names.
var seed = maphash.MakeSeed()

// few names are compared with each other; more are hashed.
const few = 16

// duplicate returns the index of a name that came before, or -1.
func (s *Scanner) duplicate(names [][]byte) int {
	if len(names) > few {
		return s.duplicateOfMany(names)
	}
	for i, a := range names {
		for _, b := range names[:i] {
			if bytes.Equal(a, b) {
				return i
			}
		}
	}
	return -1
}

func (s *Scanner) duplicateOfMany(names [][]byte) int {
	size := 2 << bits.Len(uint(len(names)))
	table := slices.Grow(s.table[:0], size)[:size]
	clear(table)
	s.table = table
	for i, name := range names {
		slot := int(maphash.Bytes(seed, name)) & (size - 1)
		for ; table[slot] != 0; slot = (slot + 1) & (size - 1) {
			if bytes.Equal(names[table[slot]-1], name) {
				return i
			}
		}
		table[slot] = int32(i + 1)
	}
	return -1
}

// duplicateError says where the member is that came twice.
func (s *Scanner) duplicateError(name []byte) error {
	var path []any
	for i, f := range s.frames[:len(s.frames)-1] {
		if f.array {
			path = append(path, int(s.sizes[f.size])-1)
			continue
		}
		path = append(path, string(s.names[s.frames[i+1].base-1]))
	}
	path = append(path, string(name))
	return &Error{Kind: Duplicate, Offset: s.pos, Reason: "a name came twice in one object", Path: path}
}
