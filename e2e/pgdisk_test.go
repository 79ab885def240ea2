package e2e

import (
	"fmt"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPostgresDiskFull: where the database's disk is full, reads go on and writes answer 503 with Retry-After; when there is space again, all works
// without a restart of anything.
func TestPostgresDiskFull(t *testing.T) {
	db, url := harness.SmallPostgres(t, 120)
	r := harness.StartReplicas(t, 2, url, harness.Options{})
	token := r.SignUp(t, "before", "before@example.test", "s3cret!")
	free, err := db.Fill()
	if err != nil {
		t.Fatal(err)
	}
	var full *harness.Reply
	for n := range 2000 { // tables may have pages left
		full = r.At(n%2).Must(t, "POST", "/api/signup", object{"username": fmt.Sprintf("full_%d", n), "email": fmt.Sprintf("full%d@example.test", n), "password": "s3cret!"}, nil)
		if full.Status != 201 {
			t.Logf("%d accounts still had room", n)
			break
		}
	}
	if full.Status != 503 || full.Header.Get("Retry-After") == "" {
		t.Fatalf("a write on a full disk: %d %v %.300s", full.Status, full.Header, full.Raw)
	}
	checkError(t, full, "")
	for i := range r.All {
		a := r.At(i)
		a.Must(t, "GET", "/jwks.json", nil, nil).Want(t, 200)
		a.Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
		a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200)
		if status, text := r.All[i].Ready(); status != 200 {
			t.Errorf("replica %d is not ready although it reads: %d %s", i, status, text)
		}
	}
	if err := free(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	writesBack(t, r, 20*time.Second)
	t.Logf("writes were back at every replica %v after there was room", time.Since(begun).Round(time.Millisecond))
	r.API().Must(t, "GET", "/api/profile", nil, harness.Bearer(token)).Want(t, 200)
	stopAll(t, r)
}
