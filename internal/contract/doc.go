// Package contract compares the OpenAPI document of the demo with its answers, by
// tools of others: two validators of OpenAPI, a validator of JSON Schema, a
// generator of clients, and two linters. It is a module of its own, because nobody
// needs those tools to use the library. There is nothing here but tests.
package contract
