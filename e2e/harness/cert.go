package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate is a self-signed certificate for this machine, in memory and as PEM files.
type Certificate struct {
	TLS               tls.Certificate
	Pool              *x509.CertPool
	CertFile, KeyFile string
	certPEM, keyPEM   []byte
}

// NewCertificate makes one for localhost and 127.0.0.1, with name as its subject.
func NewCertificate(t testing.TB, name string) *Certificate {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	check(err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}}, key.Public(), key)
	check(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	dir := t.TempDir()
	c := &Certificate{
		Pool: x509.NewCertPool(), CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"),
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}
	c.TLS, err = tls.X509KeyPair(c.certPEM, c.keyPEM)
	check(err)
	c.Pool.AppendCertsFromPEM(c.certPEM)
	c.Write(t, c.CertFile, c.KeyFile)
	return c
}

// Write writes the PEM files to other paths, each by a rename.
func (c *Certificate) Write(t testing.TB, certFile, keyFile string) {
	t.Helper()
	for path, content := range map[string][]byte{keyFile: c.keyPEM, certFile: c.certPEM} {
		if err := os.WriteFile(path+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// KeyPEM is the private key.
func (c *Certificate) KeyPEM() []byte { return c.keyPEM }
