// Package guides holds the code of the pages in docs: each page has a folder
// here, and each block of a page is a piece of a file in that folder, so that it
// is compiled, and run by the tests of the folder. It is a module of its own
// because the library itself needs none of the routers and libraries that the
// guides speak of.
//
// A block of Go is found in the folder as it stands, with any indentation. A
// block of a diff is found twice: the lines before and the lines after. A block
// of an answer is found in a golden file, or in the output of an Example.
//
// The pages are outside of this module, so go test does not see that one has
// changed, and shows the result that it remembers: use make test, or -count=1.
package guides
