package problem

// FieldError says what is wrong with one value of a request: facts, not a
// sentence. The style's FieldText turns the facts into the words of its
// vendor. Package validate makes FieldErrors; an application may too:
//
//	problem.FieldError{Path: problem.Path{"email"}, Message: "is already taken"}
//
// No member ever holds the value that the client sent.
type FieldError struct {
	In       In       // where the value stands
	Path     Path     // how to get there; empty means the whole body
	Key      bool     // the map key at Path failed, not its value
	Rule     string   // a validator tag, or a decode rule, see [FieldError.Shape]
	Param    string   // as in the tag, unescaped; other fields by their wire names; the right name for a case variant
	OneOf    []string // the alternatives of the rule's section, on type errors too
	Want     Type     // what the field holds, which is also the unit of its lengths
	Got      Type     // what came
	Min, Max string   // inclusive bounds of the rule's section, "" is none
	Presence Presence
	Label    string // a name for people
	Other    string // label of the other field
	Message  string // wins over the style's sentence; in lower case it is a predicate
}

// Shape reports whether the value failed while it was decoded, before any rule
// was asked: type, range, format, null, unknown, repeat, encoding.
func (f FieldError) Shape() bool {
	switch f.Rule {
	case "type", "range", "format", "null", "unknown", "repeat", "encoding":
		return true
	}
	return false
}

// In is the part of a request in which a value stands.
type In uint8

// The places of [In].
const (
	InBody In = iota
	InQuery
	InPath
	InHeader
	InCookie
	InForm
)

// Type is a JSON type, or a Go type that travels as one.
type Type uint8

// The types of [FieldError]. TypeNull and TypeFloat are only ever received:
// a float is a number with a fraction or an exponent where an integer was due.
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

// Presence says in what form a value was there.
type Presence uint8

// The forms of [Presence].
const (
	PresenceUnknown Presence = iota
	Absent
	Null
	Zero // sent, and the zero value of its type
	Present
)
