package exchange

import "fmt"

// StatusClientClosed is the status of an answer to a client that did not wait for it.
// nginx logs the same number.
const StatusClientClosed = 499

// Panic is an error that was made of a recovered panic. PanicStack makes the stack
// readable, which is expensive, or returns "". The names of the methods are unusual
// on purpose: a stack may be shown to a client, and a method Stack of a foreign error
// may return anything.
type Panic interface {
	error
	PanicStack() string
	PanicValue() any
}

// Stated is an error status that a handler has written by itself. If Reason has a
// kind, that decides the answer. Otherwise the status does.
type Stated struct {
	Status int
	How    string // for the log: "in plain text"
	Text   string // the begin of the body that is not sent, for the log
	Reason error  // why, if the handler has said so, or nil
}

// Error says what the handler has done.
func (s *Stated) Error() string { return fmt.Sprintf("handler answered %d %s", s.Status, s.How) }
