package mail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Sent is a message with the time it was sent.
type Sent struct {
	Message
	At time.Time
}

// Memory is a [Sender] for development: it keeps the last 200 messages and sends none.
type Memory struct {
	now  func() time.Time
	mu   sync.Mutex
	ring []Sent // oldest first
}

const memoryKeeps = 200

// NewMemory makes one.
func NewMemory(now func() time.Time) *Memory { return &Memory{now: now} }

// Send keeps the message.
func (m *Memory) Send(_ context.Context, msg Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.ring) == memoryKeeps {
		m.ring = slices.Delete(m.ring, 0, 1)
	}
	m.ring = append(m.ring, Sent{msg, m.now()})
	return nil
}

// Mails returns the messages, newest first.
func (m *Memory) Mails() []Sent {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.ring)
	slices.Reverse(out)
	return out
}
