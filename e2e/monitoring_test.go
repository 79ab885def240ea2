package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"latchkey/e2e/harness"
)

// rare are metrics that appear with an event that no flow causes.
func rare() []string { return []string{"latchkey_http_panics_total"} }

// declared is a file of clients_dir with everything that a metric tells of: two secrets, one of which ends.
const declared = `
client_id: wiki
redirect_uris: [https://wiki.example.test/callback]
secrets:
  - {value: a-secret-of-the-wiki-that-is-old, expires_at: '2199-01-01T00:00:00Z'}
  - {value: a-secret-of-the-wiki-that-is-new}
`

// scraped runs two servers, one with its own certificate, a file and clients in a folder, the other on PostgreSQL, and takes one of them through
// what people and applications do. It returns every metric of both.
func scraped(t *testing.T) (servers []*harness.Server, families map[string]*dto.MetricFamily) {
	t.Helper()
	certificate, clients := harness.NewCertificate(t, "monitored"), t.TempDir()
	if err := os.WriteFile(filepath.Join(clients, "wiki.yaml"), []byte(declared), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := backups(t)
	maps.Copy(conf, map[string]any{"server.tls.cert_file": certificate.CertFile, "server.tls.key_file": certificate.KeyFile, "clients_dir": clients})
	alone := harness.Start(t, harness.Options{Scheme: "https", Config: conf})
	waitForBackup(t, alone)
	shared := harness.Start(t, harness.Options{Config: map[string]any{"storage.driver": "postgres", "storage.postgres.url": harness.Database(t)}})
	shared.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	b := shared.Browser(t)
	b.SignIn("ada", "correct horse battery")
	got := signInToClient(t, shared, b, "openid offline_access")
	if _, err := got.flow.Refresh(shared.API(), got.refresh); err != nil {
		t.Fatal(err)
	}
	shared.API().Must(t, http.MethodGet, "/jwks.json", nil, nil).Want(t, http.StatusOK)
	req, err := http.NewRequest(http.MethodGet, shared.Issuer+"/jwks.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "elsewhere.example.test"
	if res, err := http.DefaultClient.Do(req); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusMisdirectedRequest {
		t.Fatalf("unknown host: %v %v", res, err)
	}
	families = map[string]*dto.MetricFamily{}
	for _, s := range []*harness.Server{alone, shared} {
		maps.Copy(families, s.Metrics(t).Families)
	}
	return []*harness.Server{alone, shared}, families
}

// prometheus starts a real one that scrapes the servers and evaluates the rules. It returns its API.
func prometheus(t *testing.T, servers []*harness.Server) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}\nrule_files: ['%s']\nscrape_configs:\n", rulesFile())
	for i, s := range servers { // two issuers: replicas of one would have the same files
		config += fmt.Sprintf("  - job_name: latchkey-%d\n    static_configs: [{targets: ['%s']}]\n", i, strings.TrimPrefix(s.Ops, "http://"))
	}
	file := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	listen := fmt.Sprintf("127.0.0.1:%d", harness.Port(t))
	harness.Run(t, "", "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen, "--log.level=warn",
		"--enable-feature=exemplar-storage")
	return "http://" + listen + "/api/v1/"
}

// ask asks Prometheus' API.
func ask(api, path string, query url.Values, data any) error {
	res, err := http.Get(api + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer := struct {
		Status, Error string
		Warnings      []string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" || len(answer.Warnings) > 0 {
		return fmt.Errorf("%s: %s %v", path, answer.Error, answer.Warnings)
	}
	return nil
}

// TestPrometheusAndDashboard: a real Prometheus scrapes two servers, takes all rules, and answers every question of the dashboard; none asks for a
// metric that there is not.
func TestPrometheusAndDashboard(t *testing.T) {
	servers, families := scraped(t)
	t.Run("docs/monitoring.md tells of every metric", func(t *testing.T) { checkMetricsPage(t, families) })
	questions := dashboard(t)
	for _, r := range rules(t) {
		checkNames(t, families, r.Record+r.Alert, r.Expr)
	}
	for title, expr := range questions {
		checkNames(t, families, title, expr)
	}
	api := prometheus(t, servers)
	harness.Until(t, 60*time.Second, "both servers are scraped and all rules are evaluated", func() error {
		var targets struct {
			ActiveTargets []struct{ Health, LastError string }
		}
		if err := ask(api, "targets", nil, &targets); err != nil {
			return err
		}
		for _, target := range targets.ActiveTargets {
			if target.Health != "up" {
				return fmt.Errorf("a target is %s: %s", target.Health, target.LastError)
			}
		}
		if len(targets.ActiveTargets) != 2 {
			return fmt.Errorf("%d targets", len(targets.ActiveTargets))
		}
		var loaded struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		if err := ask(api, "rules", nil, &loaded); err != nil {
			return err
		}
		n := 0
		for _, g := range loaded.Groups {
			for _, r := range g.Rules {
				if r.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
				}
				n++
			}
		}
		if want := len(rules(t)); n != want {
			return fmt.Errorf("%d rules of %d", n, want)
		}
		return nil
	})
	checkAnswers(t, api, questions)
	var firing struct {
		Alerts []struct{ Labels, Annotations map[string]string }
	}
	if err := ask(api, "alerts", nil, &firing); err != nil {
		t.Fatal(err)
	}
	for _, a := range firing.Alerts {
		if !slices.Contains(expectedHere(), a.Labels["alertname"]) {
			t.Errorf("an alert over healthy servers: %v %v", a.Labels, a.Annotations)
		}
	}
}

// expectedHere are alerts that are right about these servers: rules may be evaluated before the first scrape, the certificate is good for a day, the
// machine's disk may be as it is, and tokens are signed by a server whose keys nobody fetched for long.
func expectedHere() []string {
	return []string{"LatchkeyAbsent", "LatchkeyCertificateExpiring", "LatchkeyCertificateExpiresNow", "LatchkeyStoreDiskFull", "LatchkeyKeysNotFetched"}
}

// checkAnswers asks every question of the dashboard. Most have an answer over servers that did something, once they were scraped for a while.
func checkAnswers(t *testing.T, api string, questions map[string]string) {
	t.Helper()
	harness.Until(t, 30*time.Second, "most questions of the dashboard have an answer", func() error {
		var silent []string
		for title, expr := range questions {
			var data struct{ Result []any }
			if err := ask(api, "query", url.Values{"query": {expr}}, &data); err != nil {
				t.Fatalf("%s: %v\n%s", title, err, expr)
			}
			if len(data.Result) == 0 {
				silent = append(silent, title)
			}
		}
		if len(silent) > len(questions)/4 {
			return fmt.Errorf("%d of %d have none: %q", len(silent), len(questions), silent)
		}
		return nil
	})
}
