package demo

// RecentLog is tested for its bound, which takes more records than a program writes
// in a test.
type RecentLog = recentLog

// Of returns the records of a request.
func (l *recentLog) Of(id string) string { return l.of(id) }

// Size returns how many bytes are kept.
func (l *recentLog) Size() (total int) {
	for _, line := range l.lines {
		total += len(line)
	}
	return total
}
