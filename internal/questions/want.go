package questions

import "github.com/backstop-go/backstop/problem"

// Want is what a call should come to: a status, or the status that the style
// has for a kind, or no answer at all.
type Want struct {
	Cut  bool // the answer ends too early
	None bool

	status int
	kind   problem.Kind
	failed bool // kind counts
	shape  bool // a shape problem, which one style tells from a broken rule
}

// Is wants a status.
func Is(status int) Want { return Want{status: status} }

// Fails wants the status of a kind.
func Fails(kind problem.Kind) Want { return Want{kind: kind, failed: true} }

// Malformed wants the status of a kind with a shape problem.
func Malformed(kind problem.Kind) Want { return Want{kind: kind, failed: true, shape: true} }

// CutAfter wants a status, and half an answer.
func CutAfter(status int) Want { return Want{status: status, Cut: true} }

// Silence wants that the connection is closed.
func Silence() Want { return Want{None: true} }

// In returns the wanted status in a style.
func (w Want) In(s problem.Style) int {
	if !w.failed {
		return w.status
	}
	o := s.Outcomes[w.kind]
	if w.shape && s.Shape.Status != 0 {
		o = s.Shape
	}
	if o.Status == 0 {
		o = problem.RFC9457.Outcomes[w.kind]
	}
	return o.Status
}
