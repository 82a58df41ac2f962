package validate

import (
	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// locate looks up how the values that break a rule were sent: one pass over
// the body for all of them.
func locate(c strictjson.Cursor, list []finding) {
	var room [few]*finding
	wanted := room[:0]
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

// few findings need no memory of their own.
const few = 4

// locateAt reads the value at the cursor, which all of wanted have on their way
// at that depth.
func locateAt(c *strictjson.Cursor, wanted []*finding, depth int) {
	var room, hereRoom [few]*finding
	deeper, here := room[:0], hereRoom[:0]
	for _, f := range wanted {
		switch {
		case len(f.at) > depth:
			deeper = append(deeper, f)
		case c.Peek() == 'n':
			f.Presence = problem.Null
		case f.zero:
			f.Presence = problem.Zero
		default:
			f.Presence = problem.Present
		}
	}
	open := c.Peek()
	if len(deeper) == 0 || open != '{' && open != '[' {
		c.Raw()
		return
	}
	for i := range c.Open() {
		here = here[:0]
		var name []byte
		if open == '{' {
			name = c.Name()
		}
		for _, f := range deeper {
			if f.at[depth].leadsTo(name, i) {
				here = append(here, f)
			}
		}
		locateAt(c, here, depth+1)
		c.Next()
	}
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
