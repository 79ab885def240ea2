package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/doctor"
	"latchkey/storage"
	"latchkey/storage/postgres"
)

const doctorHelp = `Look at a running issuer and say what is wrong and what to do.

From outside: name and addresses, TLS, redirects, discovery and keys with their caching, every endpoint, forwarded headers, clock, security headers.
With the server's configuration, on its machine or in its container, also from inside: readiness, schedule of the keys, sealing keys, mail server
(nothing is sent), database or file, backups, limits.

It changes nothing. Exit status 1 means that there is a problem. docs/doctor.md tells of each check.`

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look at a running issuer and say what is wrong", Long: doctorHelp, Args: cobra.NoArgs, RunE: a.doctor,
		Example: "  latchkey doctor --issuer https://id.example.com\n  latchkey doctor --config /etc/latchkey/latchkey.yaml\n  kubectl exec deploy/latchkey -- /latchkey doctor",
	}
	cmd.Flags().Bool("outside", false, "look from outside only, even with a configuration")
	cmd.Flags().String("ca-file", "", "PEM `file` of further authorities that may vouch for the issuer, the mail server and so on")
	cmd.Flags().Duration("timeout", 10*time.Second, "time for each check; they run side by side")
	return cmd
}

// diagnosis is what is printed as JSON.
type diagnosis struct {
	Issuer   string           `json:"issuer"`
	Time     time.Time        `json:"time"`
	Version  string           `json:"version"`
	Findings []doctor.Finding `json:"findings"`
}

func (a *app) doctor(cmd *cobra.Command, _ []string) error {
	o, findings, err := a.doctorOptions(cmd)
	if err != nil {
		return err
	}
	out := diagnosis{Issuer: o.Issuer, Time: o.Now().UTC(), Version: a.version, Findings: append(findings, doctor.Run(cmd.Context(), o)...)}
	if err := a.show(cmd, out, func(w io.Writer) { printDiagnosis(w, out) }); err != nil {
		return err
	}
	if doctor.Problems(out.Findings) {
		return errors.New("there are problems")
	}
	return nil
}

// doctorOptions finds out how much can be looked at. A configuration with faults is a finding, and keeps nobody from looking from outside.
func (a *app) doctorOptions(cmd *cobra.Command) (o doctor.Options, findings []doctor.Finding, err error) {
	o.Now = time.Now
	flags := cmd.Flags()
	outside, _ := flags.GetBool("outside")
	o.Issuer, _ = flags.GetString("issuer")
	if o.Timeout, err = flags.GetDuration("timeout"); err != nil || o.Timeout < 100*time.Millisecond || o.Timeout > 5*time.Minute {
		return o, nil, usageError{errors.New("--timeout must be from 100ms to 5m")}
	}
	if o.Roots, err = caFile(cmd); err != nil {
		return o, nil, err
	}
	if !outside && (a.configured(cmd) || o.Issuer == "") {
		o.Config, err = a.load(cmd, true)
		faults, bad := errors.AsType[config.Faults](err)
		switch {
		case bad && o.Issuer == "":
			return o, nil, err
		case bad:
			findings = append(findings, doctor.Finding{Check: "configuration", Level: doctor.Problem, Seen: faults.Error(), Do: "Mend it; `latchkey config check` tells the same. Only what is outside was looked at."})
		case err != nil:
			return o, nil, err
		default:
			o.Issuer = o.Config.Issuer
			o.Admin = socketAsker(cmd.Context(), o.Config)
		}
	}
	if o.Issuer == "" {
		return o, nil, usageError{errors.New("name the issuer with --issuer")}
	}
	o.Schema = postgres.SchemaKnown()
	o.Inside = doctor.Machine{DiskSpace: diskSpace, CPUQuota: func() float64 { return cpuQuota(os.ReadFile) }}
	return o, findings, nil
}

// configured says whether anything but the issuer was given of a configuration.
func (a *app) configured(cmd *cobra.Command) bool {
	set, _ := cmd.Flags().GetStringArray("set")
	return cmd.Flags().Changed("config") || cmd.Flags().Changed("dev") || len(set) > 0 ||
		slices.ContainsFunc(a.env, func(e string) bool {
			return strings.HasPrefix(e, "LATCHKEY_") && !strings.HasPrefix(e, "LATCHKEY_ISSUER=")
		})
}

// caFile is the system's authorities and those of --ca-file; nil without the flag.
func caFile(cmd *cobra.Command) (*x509.CertPool, error) {
	name, err := cmd.Flags().GetString("ca-file")
	if err != nil || name == "" {
		return nil, err
	}
	content, err := os.ReadFile(name) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, usageError{err}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(content) {
		return nil, usageError{fmt.Errorf("--ca-file %s has no certificate", name)}
	}
	return pool, nil
}

// socketAsker asks the running server at its admin socket, and opens no store where none runs; nil then.
func socketAsker(ctx context.Context, cfg *config.Config) doctor.Asker {
	socket := cfg.AdminSocketPath()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", socket)
	}
	conn, err := dial(ctx, "", "")
	if socket == "" || err != nil {
		return nil
	}
	_ = conn.Close()
	c := &adminClient{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	return func(ctx context.Context, method, path string, out any) error {
		return c.call(ctx, method, path, nil, out)
	}
}

// cpuQuota is how many processors the control group grants, 0 where nothing says.
func cpuQuota(read func(string) ([]byte, error)) float64 {
	ratio := func(quota, period string) float64 {
		q, err1 := strconv.ParseFloat(strings.TrimSpace(quota), 64)
		p, err2 := strconv.ParseFloat(strings.TrimSpace(period), 64)
		if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
			return 0
		}
		return q / p
	}
	if text, err := read("/sys/fs/cgroup/cpu.max"); err == nil {
		quota, period, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		return ratio(quota, period)
	}
	quota, err1 := read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
	period, err2 := read("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
	if err1 != nil || err2 != nil {
		return 0
	}
	return ratio(string(quota), string(period))
}

// printDiagnosis prints the worst first.
func printDiagnosis(w io.Writer, d diagnosis) {
	rank := map[doctor.Level]int{doctor.Problem: 0, doctor.Warning: 1, doctor.Unknown: 2, doctor.OK: 3}
	sorted, count := slices.Clone(d.Findings), map[doctor.Level]int{}
	storage.SortStable(sorted, func(a, b doctor.Finding) int { return cmp.Compare(rank[a.Level], rank[b.Level]) })
	for _, f := range sorted {
		count[f.Level]++
		for i, line := range strings.Split(f.Seen, "\n") {
			if i == 0 {
				row(w, strings.ToUpper(string(f.Level)), f.Check, line)
			} else {
				row(w, " ", " ", line)
			}
		}
		if f.Do != "" {
			row(w, " ", " ", "→ "+f.Do)
		}
	}
	_, _ = fmt.Fprintf(w, "%s: %d problems, %d warnings, %d unknown, %d ok\n", d.Issuer, count[doctor.Problem], count[doctor.Warning], count[doctor.Unknown], count[doctor.OK])
}
