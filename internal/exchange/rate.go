package exchange

// Rate is the binding decision of the limiters that the request has passed.
type Rate struct{}
