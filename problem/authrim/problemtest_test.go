package authrim_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, authrim.Style) }
