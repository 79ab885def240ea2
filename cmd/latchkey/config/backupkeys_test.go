package config

import (
	"strings"
	"testing"
)

// A key pair that protects nothing.
const (
	ageKey    = "AGE-SECRET-KEY-1YGJTLQXG532G73VS3WZDR6UX6A93TLDWTRQZD4V0WUEP8MMTMSQSKLUU05"
	agePublic = "age1tyhztg6xtdtzqjcdf77t9mncnk67vc5efuffj6dtml73k0juufpsz3a6ds"
)

// What is wrong with the keys of backups is said before anything starts.
func TestBackupFaults(t *testing.T) {
	with := func(lines string) string { return minimal + "backup:\n  key: " + ageKey + "\n" + lines }
	s3 := "  to: s3://bucket/prefix\n  s3: {endpoint: 'https://s3.example.com', access_key_id: a, secret_access_key: b}\n"
	aws := []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_ENDPOINT_URL_S3=https://s3.example.com"}
	for _, row := range []struct {
		name, file string
		env        []string
		want       string // "" where nothing is wrong
	}{
		{"nothing of it", minimal, nil, ""},
		{"a folder", with("  to: /backups\n  every: 1h\n  recipients: [" + agePublic + "]\n"), nil, ""},
		{"a bucket", with(s3), nil, ""},
		{"a bucket, the rest from AWS's variables", with("  to: s3://bucket\n"), aws, ""},
		{"AWS's variables that nobody needs", minimal, []string{"AWS_ENDPOINT_URL=https://s3.example.com"}, ""},
		{"no key", minimal + "backup: {to: /backups}\n", nil, "backup.key: is missing"},
		{"no key for recipients", minimal + "backup: {recipients: [" + agePublic + "]}\n", nil, "backup.key: is missing"},
		{"a key that is none", minimal + "backup: {key: " + goodKey + "}\n", nil, "backup.key: is no age identity"},
		{"the public key in its place", minimal + "backup: {key: " + agePublic + "}\n", nil, "backup.key: is no age identity"},
		{"a recipient that is none", with("  recipients: [age1x]\n"), nil, "backup.recipients: has \"age1x\", which is no age public key"},
		{"a schedule to nowhere", with("  every: 1h\n"), nil, "backup.to: is missing beside backup.every"},
		{"a schedule without pause", with("  to: /backups\n  every: 1ms\n"), nil, "backup.every: is 1ms; it must be 0s or at least 1s"},
		{"another scheme", with("  to: ftp://a/b\n"), nil, "backup.to: is neither a folder nor s3://bucket/prefix"},
		{"the folder of the store", with("  to: /var/lib/latchkey/\n"), nil, "backup.to: is the folder of the store"},
		{"a store in memory", with("  to: /backups\nstorage: {driver: memory}\n"), nil, "backup.to: is set, but what is in memory"},
		{"a bucket of no name", with(strings.Replace(s3, "bucket", "B", 1)), nil, "backup.to: has \"B\", which is no name of a bucket"},
		{"a prefix that climbs", with(strings.Replace(s3, "prefix", "../a", 1)), nil, "backup.to: has \"../a\", which is no prefix"},
		{"a bucket without a service", with("  to: s3://bucket\n"), aws[:2], "backup.s3.endpoint: is missing"},
		{"a bucket without credentials", with("  to: s3://bucket\n"), aws[2:], "backup.s3.access_key_id: is missing"},
		{"a service in the clear", with("  s3: {endpoint: 'http://s3.example.com'}\n"), nil, "backup.s3.endpoint: uses http"},
		{"a service in the clear of this machine", with("  s3: {endpoint: 'http://127.0.0.1:9000'}\n"), nil, ""},
		{"a service with a path", with("  s3: {endpoint: 'https://s3.example.com/bucket'}\n"), nil, "backup.s3.endpoint: is no URL"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, faults := load(t, row.file, row.env)
			if row.want == "" && faults != "" || !strings.Contains(faults, row.want) {
				t.Errorf("want %q: %s", row.want, faults)
			}
			if strings.Contains(faults, ageKey) || strings.Contains(faults, goodKey) {
				t.Errorf("tells a key: %s", faults)
			}
		})
	}
}

// The configuration counts before AWS's variables.
func TestAWSVariables(t *testing.T) {
	env := []string{"AWS_REGION=", "AWS_DEFAULT_REGION=eu-west-3", "AWS_ACCESS_KEY_ID=theirs", "AWS_SESSION_TOKEN=t", "AWS_ENDPOINT_URL=https://a.example.com", "AWS_ENDPOINT_URL_S3=https://b.example.com"}
	c, faults := load(t, minimal+"backup: {s3: {access_key_id: ours}}\n", env)
	if faults != "" {
		t.Fatal(faults)
	}
	s := c.Backup.S3
	if s.Region != "eu-west-3" || s.AccessKeyID != "ours" || s.SessionToken.Reveal() != "t" || s.Endpoint != "https://b.example.com" {
		t.Errorf("%+v", s)
	}
}
