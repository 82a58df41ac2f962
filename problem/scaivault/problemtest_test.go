package scaivault_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem/problemtest"
	"github.com/backstop-go/backstop/problem/scaivault"
)

func TestStyleKeepsItsPromises(t *testing.T) { problemtest.Run(t, scaivault.Style) }
