package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// A finding is a field error with its place, from which its path is made at the end.
type finding struct {
	problem.FieldError
	at     place
	unique bool    // the rule compares the elements below at
	others []place // the other values that the rule looks at
}

// A fault is what is wrong with a value, without its place. The zero fault means that
// nothing is wrong.
type fault struct {
	rule      string
	param     string // the bound of a range
	want, got problem.Type
	presence  problem.Presence
	key       bool
	below     bool // the bound is the lower one
}

// A place leads from the root to a value.
type place []step

// A step is a member, a list element or a map entry.
type step struct {
	kind  stepKind
	rank  int    // position of a member, index of an element
	name  string // of a map entry or an unknown member
	field *field // the member
}

// to returns the place of f, a field of the object at p. A field that is the whole
// body has the place of its object.
func (p place) to(f *field) place {
	if f.whole {
		return p
	}
	return append(p, step{kind: stepMember, rank: f.position, field: f})
}

type stepKind uint8

const (
	stepMember stepKind = iota
	stepElement
	stepEntry
	stepUnknown // a member that its struct does not have; sorts behind the others
)

// compare orders places depth first: members in struct order, then unknown members as
// they came, elements by index, entries by key.
func (p place) compare(q place) int {
	for i := range min(len(p), len(q)) {
		a, b := &p[i], &q[i]
		if a.kind == b.kind && a.rank == b.rank && a.name == b.name {
			continue
		}
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.rank, b.rank), strings.Compare(a.name, b.name))
	}
	return cmp.Compare(len(p), len(q))
}

// within reports whether p is q or below it.
func (p place) within(q place) bool {
	return len(p) >= len(q) && p[:len(q)].compare(q) == 0
}

// path returns p as a client reads it.
func (p place) path() problem.Path {
	path := make(problem.Path, len(p))
	for i, s := range p {
		switch s.kind {
		case stepMember:
			path[i] = s.field.segment
		case stepElement:
			path[i] = s.rank
		case stepEntry:
			path[i] = problem.Key(s.name)
		default:
			path[i] = s.name
		}
	}
	return path
}

func compareFindings(a, b finding) int {
	if c := a.at.compare(b.at); c != 0 || a.Key == b.Key {
		return c
	}
	if a.Key {
		return -1
	}
	return 1
}

// findings collects findings. It keeps only the first in struct order, as many as
// limit says, so that a body of a hundred thousand faults costs little more than one
// of a hundred.
type findings struct {
	limit   int
	list    []finding
	dropped int
	more    bool    // there may be more than dropped
	spare   []place // memory of dropped findings, for reuse
}

func (fs *findings) add(f finding) {
	fs.list = append(fs.list, f)
	if len(fs.list) >= 2*fs.limit {
		fs.cut()
	}
}

// note adds the fault of a value, if it has one, with the facts of its field and
// section. Both may be nil.
func (fs *findings) note(bad fault, at place, f *field, s *section) {
	if bad.rule == "" {
		return
	}
	if fs.cuts(at) {
		fs.dropped++
		return
	}
	e := problem.FieldError{Rule: bad.rule, Want: bad.want, Got: bad.got, Presence: bad.presence, Key: bad.key}
	switch {
	case e.Presence != problem.PresenceUnknown:
	case e.Got == problem.TypeNull:
		e.Presence = problem.Null
	default:
		e.Presence = problem.Present
	}
	if s != nil {
		e.OneOf, e.Min, e.Max = s.oneOf, s.min, s.max
	}
	switch {
	case e.Rule != "range":
		e.Param = bad.param
	case bad.below:
		e.Min, e.Max = bad.param, ""
	default:
		e.Min, e.Max = "", bad.param
	}
	if f != nil {
		e.In, e.Label, e.Message = f.in, f.label, f.message
	}
	fs.add(finding{FieldError: e, at: fs.keep(at)})
}

// keep returns a copy of p. It reuses the memory of a dropped finding.
func (fs *findings) keep(p place) place {
	var spare place
	if n := len(fs.spare); n > 0 {
		spare, fs.spare = fs.spare[n-1], fs.spare[:n-1]
	}
	return append(spare, p...)
}

// cut sorts the list and drops all but the first ones.
func (fs *findings) cut() {
	slices.SortStableFunc(fs.list, compareFindings)
	if len(fs.list) > fs.limit {
		fs.dropped += len(fs.list) - fs.limit
		for _, f := range fs.list[fs.limit:] {
			fs.spare = append(fs.spare, f.at[:0])
		}
		clear(fs.list[fs.limit:])
		fs.list = fs.list[:fs.limit]
	}
}

// cuts reports whether a finding at p would be dropped, judging by the last cut.
func (fs *findings) cuts(p place) bool {
	return fs.dropped > 0 && p.compare(fs.list[fs.limit-1].at) > 0
}

// touches reports whether p is at or below a finding or, if above is set, above one.
func (fs *findings) touches(p place, above bool) bool {
	i, _ := slices.BinarySearchFunc(fs.list, p, func(f finding, p place) int {
		if c := f.at.compare(p); c != 0 {
			return c
		}
		return -1 // a finding at p itself stands before i
	})
	if i > 0 && p.within(fs.list[i-1].at) {
		return true
	}
	return above && i < len(fs.list) && fs.list[i].at.within(p)
}

// addRule adds a rule failure, unless a value that the rule looks at did not decode:
// the failure would be about a zero value then. decoded must be sorted, and no finding
// in it may be below another one. A decode failure that was dropped blocks nothing,
// but a rule failure in the same place will be dropped, too.
func (fs *findings) addRule(f finding, decoded *findings) {
	blocked := decoded.touches(f.at, f.unique) || slices.ContainsFunc(f.others, func(p place) bool { return decoded.touches(p, true) })
	if f.Key || !blocked { // the key of an entry has decoded even if its value has not
		fs.add(f)
	}
}

// err returns the findings as one error of the kind Validation, or nil.
func (fs *findings) err() error {
	if len(fs.list) == 0 {
		return nil
	}
	fields := make([]problem.FieldError, len(fs.list))
	for i, f := range fs.list {
		fields[i] = f.FieldError
		fields[i].Path = f.at.path()
	}
	var cause error
	if fs.dropped > 0 {
		least := ""
		if fs.more {
			least = "at least "
		}
		cause = fmt.Errorf("validate: %s%d more field errors were dropped", least, fs.dropped)
	}
	return problem.Validation.WrapFields(cause, fields)
}
