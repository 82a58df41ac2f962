// Package contract holds the document of the demo against its answers, with the
// tools that other people trust: two validators of OpenAPI, a validator of JSON
// Schema, a generator of clients, and two linters. It is a module of its own,
// because none of them is needed to use the library. There is nothing here but
// tests.
package contract
