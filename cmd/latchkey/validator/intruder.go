package validator

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// intruder is somebody with a key and a certificate of his own.
type intruder struct {
	key *key
	der []byte
}

func newIntruder(now time.Time) (*intruder, error) {
	k, err := newKey("ES256", "")
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "nobody that the issuer knows"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &intruder{k, der}, nil
}

// jwks is the intruder's own set, to be served where a token says.
func (i *intruder) jwks() string { return `{"keys":[` + string(i.key.jwk) + `]}` }

// pem is the certificate as x5u has it (RFC 7515 §4.1.5), x5c as the header has it (§4.1.6).
func (i *intruder) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.der}))
}

func (i *intruder) x5c() []string { return []string{base64.StdEncoding.EncodeToString(i.der)} }
