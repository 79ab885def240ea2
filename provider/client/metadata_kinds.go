package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// asks says whether a value asks for anything.
func asks(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	return true
}

func textRow(name string, at func(*storage.Client) *string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) (err error) {
			*at(c), err = asText(v)
			return err
		},
		clear: func(c *storage.Client) { *at(c) = "" },
		write: func(c storage.Client) any {
			if s := *at(&c); s != "" {
				return s
			}
			return nil
		},
	}
}

func asText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", errors.New("must be a string")
	}
	return s, nil
}

// wordsRow is a text that may be there in several languages.
func wordsRow(name string, at func(*storage.Client) *string) member {
	m := textRow(name, at)
	m.localized = true
	return m
}

// preset tells what holds where the member was not given.
func preset(m member, value string) member {
	given := m.write
	m.write = func(c storage.Client) any {
		if v := given(c); v != nil {
			return v
		}
		return value
	}
	return m
}

func listRow(name string, at func(*storage.Client) *[]string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			items, ok := v.([]any)
			if !ok {
				return errors.New("must be an array of strings")
			}
			if len(items) > MaxListed { // before they are compared with one another
				return fmt.Errorf("has more than %d values", MaxListed)
			}
			out := make([]string, 0, len(items))
			for _, item := range items {
				s, ok := item.(string)
				if !ok {
					return errors.New("must be an array of strings")
				}
				if slices.Contains(out, s) {
					return errors.New("has a value twice")
				}
				out = append(out, s)
			}
			*at(c) = out
			return nil
		},
		clear: func(c *storage.Client) { *at(c) = nil },
		write: func(c storage.Client) any {
			if l := *at(&c); len(l) > 0 {
				return l
			}
			return nil
		},
	}
}

// always tells a list that is empty too.
func always(m member) member {
	given := m.write
	m.write = func(c storage.Client) any {
		if v := given(c); v != nil {
			return v
		}
		return []string{}
	}
	return m
}

func flagRow(name string, at func(*storage.Client) *bool) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			b, ok := v.(bool)
			if !ok {
				return errors.New("must be true or false")
			}
			*at(c) = b
			return nil
		},
		clear: func(c *storage.Client) { *at(c) = false },
		write: func(c storage.Client) any {
			if *at(&c) {
				return true
			}
			return nil
		},
	}
}

// maxSeconds bounds a time span in metadata: ten years.
const maxSeconds = 10 * 365 * 24 * 60 * 60

func asSeconds(v any) (time.Duration, error) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("must be a number of seconds")
	}
	n, err := number.Int64()
	if err != nil || n < 0 || n > maxSeconds {
		return 0, fmt.Errorf("must be a whole number of seconds from 0 to %d", maxSeconds)
	}
	return time.Duration(n) * time.Second, nil
}

func secondsRow(name string, at func(*storage.Client) *time.Duration) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) (err error) {
			*at(c), err = asSeconds(v)
			return err
		},
		clear: func(c *storage.Client) { *at(c) = 0 },
		write: func(c storage.Client) any {
			if d := *at(&c); d > 0 {
				return int64(d / time.Second)
			}
			return nil
		},
	}
}

// maxAgeRow is default_max_age, of which 0 is not the same as none (OpenID Connect Registration §2).
func maxAgeRow(name string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			d, err := asSeconds(v)
			c.DefaultMaxAge, c.HasDefaultMaxAge = d, err == nil
			return err
		},
		clear: func(c *storage.Client) { c.DefaultMaxAge, c.HasDefaultMaxAge = 0, false },
		write: func(c storage.Client) any {
			if c.HasDefaultMaxAge {
				return int64(c.DefaultMaxAge / time.Second)
			}
			return nil
		},
	}
}
