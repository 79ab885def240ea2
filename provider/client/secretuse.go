package client

import "time"

// note remembers that a secret was found right. What is remembered is bounded: with very many clients it begins anew at times.
func (s *secrets) note(clientID, secretID string, now time.Time) {
	name := secretName{clientID, secretID}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.used[name]; !known && len(s.used) >= 16*maxRemembered {
		clear(s.used)
	}
	s.used[name] = now
}

func (s *secrets) lastUsed(clientID, secretID string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used[secretName{clientID, secretID}]
}

// SecretUsed tells when a client last proved itself with a secret of this ID (see [storage.ClientSecret]) to this process, by sending it
// (client_secret_basic, client_secret_post); zero if it has not, as far as is remembered. So it shows which of two secrets can go.
func (a *Authenticator) SecretUsed(clientID, secretID string) time.Time {
	return a.secrets.lastUsed(clientID, secretID)
}
