package e2e

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

	"latchkey/cmd/latchkey/doctor"
)

// authority is a root, and an authority below it that makes certificates.
type authority struct {
	roots  *x509.CertPool
	root   []byte
	middle *x509.Certificate
	key    *ecdsa.PrivateKey
}

// leaf is what a certificate is for; zero fields take what is good.
type leaf struct {
	name       string
	ips        []net.IP
	from, till time.Time
	alone      bool // without the authority that made it
}

func certify(t *testing.T, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber, _ = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

func newAuthority(t *testing.T) *authority {
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(10000 * time.Hour)}
	}
	root, rootKey := certify(t, ca("root"), nil, nil)
	a := &authority{roots: x509.NewCertPool(), root: root.Raw}
	a.roots.AddCert(root)
	a.middle, a.key = certify(t, ca("middle"), root, rootKey)
	return a
}

// trust adds a certificate to those that the doctor believes.
func (a *authority) trust(t *testing.T, o *doctor.Options, c tls.Certificate) {
	t.Helper()
	o.Roots = a.roots.Clone()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	o.Roots.AddCert(parsed)
}

// make makes a certificate, with the chain that a server sends.
func (a *authority) make(t *testing.T, l leaf) tls.Certificate {
	t.Helper()
	if l.name == "" {
		l.name = doctorHost
	}
	if l.from.IsZero() {
		l.from = time.Now().Add(-100 * time.Hour)
	}
	if l.till.IsZero() {
		l.till = time.Now().Add(2000 * time.Hour)
	}
	c, key := certify(t, &x509.Certificate{Subject: pkix.Name{CommonName: l.name}, DNSNames: []string{l.name}, IPAddresses: l.ips, NotBefore: l.from, NotAfter: l.till,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, a.middle, a.key)
	out := tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
	if !l.alone {
		out.Certificate = append(out.Certificate, a.middle.Raw)
	}
	return out
}

// write writes a certificate as PEM files, and the root.
func (a *authority) write(t *testing.T, dir string, c tls.Certificate) (cert, key, root string) {
	t.Helper()
	var chain []byte
	for _, der := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, root = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "root.pem")
	for name, content := range map[string][]byte{cert: chain, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		root: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, root
}
