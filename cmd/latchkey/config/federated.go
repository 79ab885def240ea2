package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"latchkey/provider/client"
)

// federatedFiles says which files of a client's federated_identities cannot be used. They are read again whenever keys are fetched: what they have may
// change, but they must be there.
func federatedFiles(raw []byte) (faults []Fault) {
	ids, err := client.ParseFederated(raw)
	if err != nil {
		return nil // client.Check says so
	}
	for i, id := range ids {
		for _, file := range []struct {
			member, name string
			problem      func(content []byte) error
		}{
			{"jwks_file", id.JWKSFile, jwksProblem},
			{"ca_file", id.CAFile, func(pem []byte) error {
				if !x509.NewCertPool().AppendCertsFromPEM(pem) {
					return errors.New("has no certificate in PEM form")
				}
				return nil
			}},
			{"token_file", id.TokenFile, func(token []byte) error {
				if strings.TrimSpace(string(token)) == "" {
					return errors.New("is empty")
				}
				return nil
			}},
		} {
			if file.name == "" {
				continue
			}
			content, err := ReadFile(file.name)
			if err != nil {
				err = fmt.Errorf("cannot be read: %w", plain(err))
			} else {
				err = file.problem(content)
			}
			if err != nil {
				faults = append(faults, Fault{Key: fmt.Sprintf("federated_identities[%d].%s", i, file.member), Problem: err.Error()})
			}
		}
	}
	return faults
}

func jwksProblem(raw []byte) error {
	doc, err := client.ParseMetadata(raw)
	if _, list := doc["keys"].([]any); err != nil || !list {
		return errors.New("is no JWK Set") // RFC 7517 §5
	}
	return nil
}
