// Package contract tests that the OpenAPI document of the demo describes its answers. It uses
// tools of other projects: two validators of OpenAPI, a validator of JSON Schema, a generator
// of clients, and two linters. It is a separate module, because only these tests need the
// tools.
package contract
