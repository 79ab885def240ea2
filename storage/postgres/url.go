package postgres

import (
	"errors"

	"latchkey/storage/postgres/wire"
)

// ErrURL: a connection string cannot be read as one. What is wrong with it is not told, since that may quote a password.
var ErrURL = errors.New("is no connection string of PostgreSQL")

// CheckURL says whether url can be an [Options.URL], without connecting anywhere. It reads the files that url names. Error: ErrURL.
func CheckURL(url string) error {
	if _, err := wire.ParseConfig(url); err != nil {
		return ErrURL
	}
	return nil
}
