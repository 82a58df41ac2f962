package demo

// RecentLog is exported for a test of its bound. The tests that run the programs do not
// write enough records to reach the bound.
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
