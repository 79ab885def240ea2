package bare

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/crypto/argon2"
)

// Alone is what /commit and /hash of the kind "alone" answer.
type Alone struct {
	// Times of what was done, sorted.
	Times []time.Duration `json:"times"`
}

// alone does n of a kind, one after the other, in one request, so that HTTP is no part of it: /commit?n= puts and makes durable,
// /hash?n=&memory=<KiB>&passes= is argon2id with one lane. arg is the folder of the store.
func alone(arg string) (http.Handler, error) {
	s, err := openStore(arg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/commit", func(w http.ResponseWriter, r *http.Request) { times(w, r, s.put) })
	mux.HandleFunc("/hash", func(w http.ResponseWriter, r *http.Request) {
		memory, passes := count(r, "memory"), count(r, "passes")
		times(w, r, func() error {
			argon2.IDKey([]byte("bench-password"), []byte("0123456789abcdef"), uint32(passes), uint32(memory), 1, 32)
			return nil
		})
	})
	return mux, nil
}

func count(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.FormValue(name))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

func times(w http.ResponseWriter, r *http.Request, do func() error) {
	var out Alone
	for range count(r, "n") {
		begun := time.Now()
		if err := do(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		out.Times = append(out.Times, time.Since(begun))
	}
	slices.Sort(out.Times)
	_ = json.NewEncoder(w).Encode(out)
}
