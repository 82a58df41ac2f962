package exchange

// Panic is the cause that a recovered panic becomes. PanicStack makes the stack
// readable, which is expensive, and may decline with "". Its name is no common
// one, because what it returns may be shown to a client: a stranger's Stack may
// say anything.
type Panic interface {
	error
	PanicStack() string
}

// Swallowed is the cause that stands for the plain text of another answer.
// SwallowedText returns the begin of that text, for the log.
type Swallowed interface {
	error
	SwallowedText() string
}

// Stated is an error status that a handler has written by itself, beside the
// error that it has left as the reason. A reason that says what it is decides the
// answer; of any other the status does.
type Stated interface {
	Swallowed
	Reason() error
	ByStatus() error // what the status says, with the reason as its cause
}
