package web

// Locales lists the languages that pages and mails are written in (BCP 47), for discovery.
func (s *Site) Locales() []string { return s.words.Tags() }
