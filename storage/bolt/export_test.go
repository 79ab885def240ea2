package bolt

// KeptStandings says how many answers are kept in memory, and how many bytes they take.
func (s *Store) KeptStandings() (n, bytes int) {
	s.standings.mu.Lock()
	defer s.standings.mu.Unlock()
	return len(s.standings.known), s.standings.bytes
}
