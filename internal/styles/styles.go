// Package styles lists the error formats of this repository, for programs and tests
// that are about every one of them. Package problem cannot list them, because a
// vendor's package imports it.
package styles

import (
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// All is the vendors' styles, and the default one at the end.
var All = []problem.Style{
	entryguard.Style, enpass.Style, enkryptify.Style, authrim.Style, scaivault.Style, problem.RFC9457,
}
