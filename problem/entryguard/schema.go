package entryguard

// schema returns the JSON Schema of a body. It allows only the members that the vendor's
// page shows. A body has no place for codes.
func schema([]string) []byte { return []byte(bodySchema) }

const bodySchema = `{"type":"object","title":"Error","required":["timestamp","status","error","message","path"],"additionalProperties":false,"properties":{
"timestamp":{"type":"string","format":"date-time","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"},
"status":{"type":"integer","minimum":400,"maximum":599},
"error":{"type":"string","minLength":1},
"message":{"type":"string","minLength":1},
"path":{"type":"string","minLength":1,"maxLength":1024,"pattern":"^[^?]*$"},
"validationErrors":{"type":"object","minProperties":1,"additionalProperties":{"type":"string","minLength":1}}},
"examples":[{"timestamp":"2024-01-15T10:30:00Z","status":400,"error":"Bad Request","message":"Validation failed","path":"/api/v1/auth/register","validationErrors":{"organizationName":"must not be blank","email":"must be a well-formed email address","password":"size must be between 8 and 128"}}]}`
