package exchange

import "fmt"

// Panic is the cause that a recovered panic becomes. PanicStack makes the stack
// readable, which is expensive, and may decline with "". The names are no common
// ones, because the stack may be shown to a client: a stranger's Stack may say
// anything.
type Panic interface {
	error
	PanicStack() string
	PanicValue() any
}

// Stated is an error status that a handler has written by itself. A reason that
// says what it is decides the answer; of any other, or of none, the status does.
type Stated struct {
	Status int
	How    string // for the log, as "in plain text"
	Text   string // the begin of what will not be sent, for the log
	Reason error  // that the handler has left beside the status, or nil
}

// Error says what the handler did.
func (s *Stated) Error() string { return fmt.Sprintf("handler answered %d %s", s.Status, s.How) }
