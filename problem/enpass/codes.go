package enpass

import "github.com/backstop-go/backstop/problem"

// UnknownError is the one code that the vendor publishes: a general failure of
// the server. "Retry the request or contact Enpass support if it persists."
var UnknownError = problem.Code{Name: "unknown_error", Kind: problem.Internal, Status: 500, Message: "Something went wrong", Retry: problem.Once}
