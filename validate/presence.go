package validate

import (
	"github.com/backstop-go/backstop/problem"
)

// locate looks up how the values that break a rule were sent: one pass over
// the body for all of them.
func locate(data []byte, list []finding) {
	var wanted []*finding
	for i := range list {
		if f := &list[i]; f.In == problem.InBody && f.Presence == problem.PresenceUnknown {
			f.Presence = problem.Absent
			wanted = append(wanted, f)
		}
	}
	if len(wanted) == 0 || len(data) == 0 {
		return
	}
	c := cursor{data: data}
	c.space()
	c.locate(wanted, 0)
}

// locate reads the value at the cursor, which all of wanted have on their way
// at that depth.
func (c *cursor) locate(wanted []*finding, depth int) {
	var deeper []*finding
	for _, f := range wanted {
		switch {
		case len(f.at) > depth:
			deeper = append(deeper, f)
		case c.peek() == 'n':
			f.Presence = problem.Null
		case f.zero:
			f.Presence = problem.Zero
		default:
			f.Presence = problem.Present
		}
	}
	open := c.peek()
	if len(deeper) == 0 || open != '{' && open != '[' {
		c.raw()
		return
	}
	i := 0
	var here []*finding
	for more := c.enter(); more; more = c.more() {
		s := step{kind: stepElement, rank: i}
		if open == '{' {
			s = step{kind: stepMember, name: c.member()}
		}
		here = here[:0]
		for _, f := range deeper {
			if f.at[depth].matches(s) {
				here = append(here, f)
			}
		}
		c.locate(here, depth+1)
		i++
	}
}

// matches reports whether s leads where t does, which was read without its
// type.
func (s step) matches(t step) bool {
	if s.kind == stepElement || t.kind == stepElement {
		return s.kind == t.kind && s.rank == t.rank
	}
	return s.name == t.name
}
