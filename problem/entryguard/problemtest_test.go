package entryguard_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/problem/problemtest"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, entryguard.Style) }
