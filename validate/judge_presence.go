package validate

import (
	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// locate looks up how the values of wanted were sent, which all have the value
// at the cursor on their way at that depth: one pass over the body for all of
// them. It sorts wanted by where they lead.
func locate(c *strictjson.Cursor, wanted []*finding, depth int) {
	open := c.Peek()
	here := first(wanted, func(f *finding) bool { return len(f.at) == depth })
	for _, f := range wanted[:here] {
		if open == 'n' {
			f.Presence = problem.Null
		}
	}
	wanted = wanted[here:]
	if len(wanted) == 0 || open != '{' && open != '[' {
		c.Raw()
	} else {
		for i := range c.Open() {
			var name []byte
			if open == '{' {
				name = c.Name()
			}
			n := first(wanted, func(f *finding) bool { return f.at[depth].leadsTo(name, i) })
			locate(c, wanted[:n], depth+1)
			wanted = wanted[n:]
			c.Next()
		}
	}
	for _, f := range wanted {
		f.Presence = problem.Absent
	}
}

// first moves those that is holds for to the begin of list and counts them.
func first(list []*finding, is func(*finding) bool) (n int) {
	for i, f := range list {
		if is(f) {
			list[i], list[n] = list[n], f
			n++
		}
	}
	return n
}

// leadsTo reports whether s is the step to a member of that name or, if name is
// nil, to the element of that index.
func (s *step) leadsTo(name []byte, index int) bool {
	switch {
	case s.kind == stepElement || name == nil:
		return s.kind == stepElement && name == nil && s.rank == index
	case s.kind == stepMember:
		return s.field.name == string(name)
	}
	return s.name == string(name)
}
