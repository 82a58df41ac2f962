package strictjson

// Leftovers returns what a scanner from the pool remembers of names.
func Leftovers() []byte {
	s := scanners.Get().(*Scanner)
	defer scanners.Put(s)
	return s.text[:cap(s.text)]
}
