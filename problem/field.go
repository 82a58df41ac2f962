package problem

// FieldError states facts about what is wrong with one value of a request.
// [Style.FieldText] makes a sentence of them. Package validate makes FieldErrors; an
// application may, too:
//
//	problem.FieldError{Path: problem.Path{"email"}, Message: "is already taken"}
//
// A FieldError must never hold the value that the client sent.
type FieldError struct {
	In       In       // the part of the request
	Path     Path     // of the value; empty means the whole body
	Key      bool     // the map key at Path failed, not its value
	Rule     string   // tag of a rule, or a decode rule, see [FieldError.Shape]
	Param    string   // of the rule, with wire names of other fields; for an unknown name, the likely one
	OneOf    []string // alternatives of the field, also if the type is wrong
	Want     Type     // type of the field, which is also the unit of its lengths
	Got      Type     // type of the value that was sent
	Min, Max string   // inclusive bounds of the field, "" for none
	Presence Presence
	Label    string // name of the field for people
	Other    string // label of another field that the rule names
	Message  string // replaces the sentence of the style; in lower case it is a predicate
}

// Shape reports whether the value failed while it was decoded, before any rule
// ran: Rule is type, range, format, null, unknown, repeat or encoding.
func (f FieldError) Shape() bool {
	switch f.Rule {
	case "type", "range", "format", "null", "unknown", "repeat", "encoding":
		return true
	}
	return false
}

// In is the part of a request that holds a value.
type In uint8

// The values of [In].
const (
	InBody In = iota
	InQuery
	InPath
	InHeader
	InCookie
	InForm
)

// Type is a JSON type, or a Go type that is sent as one.
type Type uint8

// The values of [Type]. TypeNull and TypeFloat occur only as [FieldError.Got]: a float
// is a number with a fraction or an exponent instead of an integer.
const (
	TypeUnknown Type = iota
	TypeString
	TypeInteger
	TypeNumber
	TypeBoolean
	TypeArray
	TypeObject // a struct
	TypeMap
	TypeBytes
	TypeTime
	TypeDuration
	TypeUUID
	TypeIP
	TypePrefix
	TypeText // any other type that decodes itself from a string
	TypeAny
	TypeNull
	TypeFloat
)

// Presence says whether a value was sent, and whether it was null or zero.
type Presence uint8

// The values of [Presence].
const (
	PresenceUnknown Presence = iota
	Absent
	Null
	Zero // sent, and the zero value of its type
	Present
)
