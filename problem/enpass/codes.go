package enpass

import "github.com/backstop-go/backstop/problem"

// UnknownError is the only code that the vendor publishes. It means a general failure of
// the server. The vendor tells clients to repeat the request, and to contact its support
// if the failure persists.
var UnknownError = problem.Code{Name: "unknown_error", Kind: problem.Internal, Status: 500, Message: "Something went wrong", Retry: problem.Once}
