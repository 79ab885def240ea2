package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"

	"latchkey/e2e/harness"
)

// The person who signs in.
const (
	personName     = "alice"
	personPassword = "alice-test-pw"
)

// personClaims are the standard claims (OpenID Connect Core §5.1) beside sub, preferred_username, email, picture and updated_at.
var personClaims = map[string]any{
	"name": "Alice M. Adams", "given_name": "Alice", "middle_name": "Mary", "family_name": "Adams", "nickname": "Al",
	"profile": "https://people.example.com/alice", "website": "https://alice.example.com/", "gender": "female", "birthdate": "1990-05-17",
	"zoneinfo": "Europe/Berlin", "locale": "en-GB", "email_verified": true, "phone_number": "+493012345678", "phone_number_verified": true,
	"address": map[string]any{"formatted": "1 Key Street\n10115 Berlin\nGermany", "street_address": "1 Key Street", "locality": "Berlin", "region": "Berlin",
		"postal_code": "10115", "country": "Germany"},
}

// person makes the account that signs in, with every standard claim. It signs up by the API, which, unlike the pages and the operators'
// command, takes a password with the name in it: the suite's configurations have that one.
func (p *provider) person() error {
	api := &harness.API{Base: p.base, HTTP: p.http}
	made := api.Must(p.t, http.MethodPost, "/api/signup", object{"username": personName, "email": "alice@example.com", "password": personPassword}, nil).Want(p.t, http.StatusCreated)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 32, 32))); err != nil {
		return err
	}
	api.Upload(p.t, "/api/profile/picture", "picture", "alice.png", picture.Bytes(), made.S("token")).Want(p.t, http.StatusCreated)
	claims, err := json.Marshal(personClaims)
	if err != nil {
		return err
	}
	file := filepath.Join(p.server.Dir, "claims.json")
	if err := os.WriteFile(file, claims, 0o600); err != nil {
		return err
	}
	if _, bad, code := p.server.Run(p.t, "users", "update", personName, "--claims", file); code != 0 {
		return fmt.Errorf("give the account its claims: %s", bad)
	}
	return nil
}
