package routers_test

import "testing"

// The head of an answer is the one that net/http alone would send, even if the handler sets
// fields too late, writes in pieces, or answers HEAD. Each case runs with each client and
// through each writer.
func TestHeadsAreThoseOfNetHTTP(t *testing.T) {
	p := newPair(t)
	for name, steps := range map[string]script{
		"a field after a 204":                {3, 2, 0, 11},
		"a field after a 304":                {3, 3, 0, 11, 0, 8},
		"a field after an empty answer":      {0, 4, 3, 1, 0, 11},
		"a field after a status":             {3, 1, 0, 11, 5, 2},
		"a field after bytes":                {5, 2, 0, 11, 5, 2},
		"a type after the bytes of a HEAD":   {5, 2, 0, 0},
		"a field that is taken back late":    {0, 11, 3, 2, 2, 11},
		"a cookie after a flush":             {5, 2, 9, 0, 0, 13},
		"a JSON error with a late field":     {0, 0, 3, 7, 0, 11, 5, 5},
		"ten bytes":                          {5, 2},
		"bytes in pieces":                    {5, 3, 7, 2, 8, 3},
		"more bytes than net/http buffers":   {5, 4, 5, 4},
		"a body by io.Copy":                  {8, 4},
		"an empty body by io.Copy":           {8, 0},
		"a declared length that is kept":     {0, 3, 5, 2},
		"a declared length that is not kept": {0, 3, 5, 1},
		"a declared length without a body":   {0, 3, 3, 0},
		"nothing":                            {},
		"a flush of nothing":                 {9, 0},
		"a flush of a 204":                   {3, 2, 9, 0, 0, 11},
		"a flush between two writes":         {5, 2, 9, 0, 5, 3},
		"a flush of a JSON error":            {0, 0, 3, 6, 5, 5, 9, 0, 5, 5},
		"an announced trailer":               {0, 6, 5, 2, 0, 7},
		"a trailer that was not announced":   {5, 2, 9, 0, 0, 12},
		"a trailer of a 204":                 {0, 6, 3, 2, 0, 7},
		"a trailer of a JSON error":          {0, 6, 0, 0, 3, 6, 5, 5, 0, 7},
		"a hijack of nothing":                {10, 0},
		"a hijack after a status":            {3, 1, 10, 0},
		"a hijack after a 204":               {3, 2, 0, 11, 10, 0},
		"a hijack after a flush":             {3, 1, 9, 0, 10, 0},
		"a hint":                             {3, 10, 5, 2},
		"a hint that is too late":            {3, 2, 3, 10},
		"two statuses":                       {3, 2, 3, 1},
		"Connection: close":                  {0, 10, 5, 2},
		"a redirect":                         {3, 5, 0, 11},
		"an encoded answer":                  {0, 14, 5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			for mode := range byte(24) {
				p.play(t, steps, mode)
			}
		})
	}
}
