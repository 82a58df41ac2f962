package strictjson

// Leftovers returns what a scanner from the pool remembers of documents, and how
// much it has room for.
func Leftovers() (left []byte, size int) {
	s := scanners.Get().(*Scanner)
	defer scanners.Put(s)
	return append(s.text[:cap(s.text):cap(s.text)], s.data...),
		cap(s.frames) + cap(s.names) + cap(s.text) + cap(s.table) + cap(s.sizes)
}
