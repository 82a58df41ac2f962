// Package guides has the code of the pages in docs. Each page has a folder here, and each block of
// code in a page is a part of a file in that folder. So the code is compiled, and the tests of the
// folder run it. The package is in a separate module, because the library does not need the
// routers and libraries of the guides.
//
// A block of Go must be in a file of the folder, with any indentation. For a diff, both the lines
// before and the lines after must be in a file. An answer must be in a golden file, or in the
// output of an Example.
//
// The pages are outside of this module, so go test does not notice when a page changes, and may
// show an old result. Use make test, or the flag -count=1.
package guides
