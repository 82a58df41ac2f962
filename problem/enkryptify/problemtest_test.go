package enkryptify_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, enkryptify.Style) }
