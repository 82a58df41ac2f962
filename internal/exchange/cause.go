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
