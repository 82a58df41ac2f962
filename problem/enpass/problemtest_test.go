package enpass_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem/enpass"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, enpass.Style) }
