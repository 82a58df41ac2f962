package scaivault

import "github.com/backstop-go/backstop/internal/jsonappend"

// schema returns the JSON Schema of a body. It allows only the members that the vendor's
// page shows.
func schema(codes []string) []byte { return jsonappend.Enum(nil, bodySchema, codes) }

const bodySchema = `{"type":"object","title":"Error","required":["error"],"additionalProperties":false,"properties":{
"error":{"type":"object","required":["code","message"],"additionalProperties":false,"properties":{
"code":{"type":"string","enum":[]},
"message":{"type":"string","minLength":1},
"details":{"type":"object","minProperties":1,"additionalProperties":true,"properties":{"fields":{"type":"array","items":{"type":"object","required":["field","message"],"additionalProperties":false,"properties":{"field":{"type":"string"},"message":{"type":"string","minLength":1}}}}}},
"request_id":{"type":"string","minLength":1}}}},
"examples":[{"error":{"code":"secret_not_found","message":"Secret 'environments/production/missing' not found","details":{"path":"environments/production/missing"},"request_id":"req_abc"}}]}`
