package problem

// FieldText is the neutral dialect, plain English: "must be a valid email
// address". It is the default of a [Style].
func FieldText(f FieldError) string {
	if f.Message != "" {
		return f.Message
	}
	return "is not valid"
}
