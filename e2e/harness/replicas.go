package harness

import (
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Replicas are servers of one issuer on one database. The Server that is embedded stands for all of them as clients see them: it has no process, its
// Issuer is what is before them, and commands use the first one's configuration.
type Replicas struct {
	*Server
	All []*Server
	// Database is its connection string.
	Database string
	// Front gives each connection to the issuer another replica.
	Front *Front
}

// StartReplicas configures n servers on the database and starts them at the same time. They are stopped when the test ends.
func StartReplicas(t testing.TB, n int, url string, o Options) *Replicas {
	t.Helper()
	r := ConfigureReplicas(t, n, url, o)
	if !o.Later {
		r.LaunchAll(t)
	}
	return r
}

// ConfigureReplicas is StartReplicas without starting them.
func ConfigureReplicas(t testing.TB, n int, url string, o Options) *Replicas {
	t.Helper()
	if o.Mail == nil {
		o.Mail = NewMail(t, MailOptions{})
	}
	r := &Replicas{Front: newFront(t), Database: url}
	config := maps.Clone(o.Config)
	if config == nil {
		config = map[string]any{}
	}
	for path, v := range map[string]any{"issuer": "http://" + r.Front.Address, "storage.driver": "postgres", "storage.postgres.url": url} {
		if _, ok := config[path]; !ok {
			config[path] = v
		}
	}
	for i := range n {
		if i > 0 {
			config["keys.sealing_key_file"] = r.All[0].SealingKey
		}
		one := o
		one.Config, one.Later, one.Dir = config, true, ""
		s := Start(t, one)
		s.Issuer = config["issuer"].(string)
		r.All = append(r.All, s)
		r.Front.add(s)
	}
	first := r.All[0]
	r.Server = &Server{Issuer: first.Issuer, Ops: first.Ops, Dir: first.Dir, ConfigFile: first.ConfigFile, SealingKey: first.SealingKey, Socket: first.Socket,
		Mail: o.Mail, Config: first.Config, Secrets: first.Secrets, t: t, log: &Buffer{}}
	return r
}

// LaunchAll starts all replicas at the same time and waits until they are ready.
func (r *Replicas) LaunchAll(t testing.TB) {
	t.Helper()
	Binary(t)
	var begun sync.WaitGroup
	for _, s := range r.All {
		begun.Go(func() { s.Launch(t) })
	}
	begun.Wait()
	for _, s := range r.All {
		s.WaitReady(t)
	}
}

// At is a client of one replica, with an address of its own.
func (r *Replicas) At(i int) *API {
	a := r.API()
	a.Base = r.All[i].Direct()
	return a
}

// Direct is the base URL of this very server, whatever its issuer.
func (s *Server) Direct() string { return "http://" + s.Config["server.listen"].(string) }

// Holder is the index of the replica that says it has the duty, -1 if none does.
func (r *Replicas) Holder(t testing.TB, duty string) int {
	t.Helper()
	for i, s := range r.All {
		if s.Runs() && s.Metrics(t).Sum("latchkey_duty_held", "duty", duty) == 1 {
			return i
		}
	}
	return -1
}

// Runs says whether the server has a process that answers.
func (s *Server) Runs() bool {
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	status, _, err := get(c, s.Ops+"/livez")
	return err == nil && status == http.StatusOK
}

// Install puts another binary in the place of the one that a server runs, from its next start on.
func (s *Server) Install(binary string) { s.binary = binary }
