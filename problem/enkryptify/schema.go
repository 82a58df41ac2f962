package enkryptify

// schema returns the JSON Schema of a body. It allows only the members that the vendor's
// page shows. A body has no place for codes.
func schema([]string) []byte { return []byte(bodySchema) }

const bodySchema = `{"type":"object","title":"Error","required":["message"],"additionalProperties":false,"properties":{
"message":{"type":"string","minLength":1}},
"examples":[{"message":"name: String must contain at least 1 character(s)"},{"message":"Secret not found"}]}`
