package validate

import (
	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// locate looks up how the values that break a rule were sent: one pass over
// the body for all of them.
func locate(c strictjson.Cursor, list []finding) {
	var few [4]*finding // need no memory of their own
	wanted := few[:0]
	for i := range list {
		if f := &list[i]; f.In == problem.InBody && f.Presence == problem.PresenceUnknown {
			f.Presence = problem.Absent
			wanted = append(wanted, f)
		}
	}
	if len(wanted) > 0 {
		locateAt(&c, wanted, 0)
	}
}

// locateAt reads the value at the cursor, which all of wanted have on their way
// at that depth, and sorts wanted by where they lead.
func locateAt(c *strictjson.Cursor, wanted []*finding, depth int) {
	open := c.Peek()
	wanted = wanted[first(wanted, func(f *finding) bool {
		switch {
		case len(f.at) > depth:
			return false
		case open == 'n':
			f.Presence = problem.Null
		case f.zero:
			f.Presence = problem.Zero
		default:
			f.Presence = problem.Present
		}
		return true
	}):]
	if len(wanted) == 0 || open != '{' && open != '[' {
		c.Raw()
		return
	}
	for i := range c.Open() {
		var name []byte
		if open == '{' {
			name = c.Name()
		}
		n := first(wanted, func(f *finding) bool { return f.at[depth].leadsTo(name, i) })
		locateAt(c, wanted[:n], depth+1)
		wanted = wanted[n:]
		c.Next()
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
