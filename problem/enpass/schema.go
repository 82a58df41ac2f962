package enpass

import "github.com/backstop-go/backstop/internal/jsonappend"

// schema returns the JSON Schema of a body. It allows only the members that the vendor's
// page shows.
func schema(codes []string) []byte { return jsonappend.Enum(nil, bodySchema, codes) }

const bodySchema = `{"type":"object","title":"Error","required":["error","code","description"],"additionalProperties":false,"properties":{
"error":{"type":"boolean","const":true},
"code":{"type":"string","enum":[]},
"description":{"type":"string","minLength":1}},
"examples":[{"error":true,"code":"unknown_error","description":"Something went wrong"}]}`
