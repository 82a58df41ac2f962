package routers_test

import "testing"

// What a handler says too late, in pieces or to a HEAD leaves as it would beneath
// net/http alone: to each client, through each writer, to the last field.
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
		"an error that was meant, and late":  {0, 0, 3, 7, 0, 11, 5, 5},
		"a length of ten":                    {5, 2},
		"a length in pieces":                 {5, 3, 7, 2, 8, 3},
		"more than net/http counts":          {5, 4, 5, 4},
		"a source":                           {8, 4},
		"a source that is empty":             {8, 0},
		"a declared length that is kept":     {0, 3, 5, 2},
		"a declared length that is not":      {0, 3, 5, 1},
		"a declared length without a body":   {0, 3, 3, 0},
		"nothing":                            {},
		"a flush of nothing":                 {9, 0},
		"a flush of a 204":                   {3, 2, 9, 0, 0, 11},
		"a flush between":                    {5, 2, 9, 0, 5, 3},
		"a flush of an error that was meant": {0, 0, 3, 6, 5, 5, 9, 0, 5, 5},
		"an announced trailer":               {0, 6, 5, 2, 0, 7},
		"a trailer that nobody announced":    {5, 2, 9, 0, 0, 12},
		"a trailer of a 204":                 {0, 6, 3, 2, 0, 7},
		"a trailer of an error that is kept": {0, 6, 0, 0, 3, 6, 5, 5, 0, 7},
		"a hijack of nothing":                {10, 0},
		"a hijack after a status":            {3, 1, 10, 0},
		"a hijack after a 204":               {3, 2, 0, 11, 10, 0},
		"a hijack after a flush":             {3, 1, 9, 0, 10, 0},
		"a hint":                             {3, 10, 5, 2},
		"a hint that is too late":            {3, 2, 3, 10},
		"two statuses":                       {3, 2, 3, 1},
		"the end of a connection":            {0, 10, 5, 2},
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
