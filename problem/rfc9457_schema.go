package problem

// schemaRFC9457 allows any code and any extension, because handlers may add details.
func schemaRFC9457([]string) []byte { return []byte(bodySchemaRFC9457) }

const bodySchemaRFC9457 = `{"type":"object","title":"Error","required":["type","title","status","detail","code"],"additionalProperties":true,"properties":{
"type":{"type":"string","format":"uri-reference"},
"title":{"type":"string","minLength":1},
"status":{"type":"integer","minimum":400,"maximum":599},
"detail":{"type":"string","minLength":1},
"code":{"type":"string","minLength":1},
"errors":{"type":"array","minItems":1,"items":{"type":"object","required":["detail"],"minProperties":2,"maxProperties":2,"additionalProperties":false,"properties":{"detail":{"type":"string","minLength":1},"pointer":{"type":"string","pattern":"^#"},"parameter":{"type":"string"},"header":{"type":"string"}}}},
"request_id":{"type":"string","minLength":1},
"retry_after":{"type":"integer","minimum":1}},
"examples":[{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"Validation failed","code":"validation","errors":[{"detail":"must be a valid email address","pointer":"#/email"},{"detail":"must be between 8 and 128 characters","pointer":"#/password"}],"request_id":"req_abc123xyz"}]}`
