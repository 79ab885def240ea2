package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/crypto/argon2"

	"latchkey/e2e/harness"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv("LATCHKEY_BENCH_BARE"); kind != "" {
		size, _ := strconv.Atoi(os.Getenv("LATCHKEY_BENCH_SIZE"))
		if err := bare(kind, size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	harness.Main(m)
}

// bareHandler does what an operation cannot do without, and writes size bytes:
// "bytes" nothing else, "es256" and "rs256" one signature, "verify" one ES256 verification, "fsync" one durable write that concurrent
// requests share, "fsync+es256" both, "hash" one argon2id hash of the server's parameters, two at once.
func bareHandler(kind string, size int) (http.Handler, error) {
	body := make([]byte, size)
	for i := range body {
		body[i] = 'x'
	}
	var steps []func() error
	add := func(f func() error, err error) error {
		steps = append(steps, f)
		return err
	}
	var err error
	switch kind {
	case "bytes":
	case "es256":
		err = add(signES256())
	case "rs256":
		err = add(signRS256())
	case "verify":
		err = add(verifyES256())
	case "fsync":
		err = add(groupCommit())
	case "fsync+es256":
		if err = add(groupCommit()); err == nil {
			err = add(signES256())
		}
	case "hash":
		slots := make(chan struct{}, 2)
		err = add(func() error {
			slots <- struct{}{}
			argon2.IDKey([]byte("password"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
			<-slots
			return nil
		}, nil)
	default:
		err = fmt.Errorf("no bare cost %q", kind)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		for _, step := range steps {
			if err := step(); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}), err
}

func signES256() (func() error, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	digest := sha256.Sum256([]byte("payload"))
	return func() error { _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); return err }, err
}

func verifyES256() (func() error, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("payload"))
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	return func() error {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sig) {
			return fmt.Errorf("the signature is not good")
		}
		return nil
	}, err
}

func signRS256() (func() error, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	digest := sha256.Sum256([]byte("payload"))
	return func() error { _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); return err }, err
}

// groupCommit is one put of 300 bytes into bbolt, made durable together with those of all who wait.
func groupCommit() (func() error, error) {
	dir, err := os.MkdirTemp("", "lkbare")
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(dir, "bare.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	_ = os.RemoveAll(dir) // the file lives as long as it is open
	if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("b")); return err }); err != nil {
		return nil, err
	}
	queue := make(chan chan error, 256)
	go commit(db, queue)
	return func() error {
		done := make(chan error, 1)
		queue <- done
		return <-done
	}, nil
}

func commit(db *bbolt.DB, queue chan chan error) {
	value := make([]byte, 300)
	for first := range queue {
		batch := []chan error{first}
	more:
		for {
			select {
			case next := <-queue:
				batch = append(batch, next)
			default:
				break more
			}
		}
		err := db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("b"))
			for range batch {
				key := make([]byte, 16)
				_, _ = rand.Read(key)
				if err := b.Put(key, value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, done := range batch {
			done <- err
		}
	}
}
