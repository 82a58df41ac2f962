package authrim

import "github.com/backstop-go/backstop/internal/jsonappend"

// schema returns the JSON Schema of a body. It allows only the members that the vendor's
// page shows.
func schema(codes []string) []byte { return jsonappend.Enum(nil, bodySchema, codes) }

const bodySchema = `{"type":"object","title":"Error","required":["error","error_description"],"additionalProperties":false,"properties":{
"error":{"type":"string","enum":[]},
"error_description":{"type":"string","minLength":1},
"details":{"type":"object","additionalProperties":true},
"retry_after":{"type":"integer","minimum":1},
"debug":{"type":"object","required":["stack_trace","timestamp"],"additionalProperties":false,"properties":{"stack_trace":{"type":"string"},"request_body":{},"timestamp":{"type":"string","format":"date-time"}}}},
"examples":[{"error":"validation_error","error_description":"Invalid input data","details":{"email":"Please enter a valid email address","name":"Name is required"}},{"error":"rate_limit_exceeded","error_description":"Rate limit exceeded","retry_after":60}]}`
