package config

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"latchkey/provider/serve"
	"latchkey/storage/archive"
)

// Backup is where backups go, when, and who can read them.
type Backup struct {
	Key        Secret
	Recipients []string
	To         string
	Every      Duration
	Keep       int
	KeepFor    Duration
	S3         S3
}

// S3 is how the bucket of a backup is reached.
type S3 struct {
	Endpoint, Region              string
	AccessKeyID                   string
	SecretAccessKey, SessionToken Secret
	PathStyle                     bool
}

// s3Scheme begins the name of a bucket.
const s3Scheme = "s3://"

func (c *Config) backupKeys() []key {
	b, s := &c.Backup, &c.Backup.S3
	return []key{
		{path: "backup.key", to: &b.Key, doc: "The age identities (AGE-SECRET-KEY-1…, one a line) of backups: the first makes them, each opens them. `latchkey backup generate-key` makes one. Keep a copy apart from the backups, and apart from keys.sealing_key: to recover, both are needed."},
		{path: "backup.recipients", to: &b.Recipients, doc: "Further age public keys (age1…) that can open what is made, such as one whose identity is in a safe."},
		{path: "backup.to", to: &b.To, doc: "Where backups go: a folder, or s3://bucket/prefix."},
		{path: "backup.every", to: &b.Every, def: "0s", max: "365d", doc: "How often the server makes one, by one replica at a time. 0s for never: then something else runs `latchkey backup`."},
		{path: "backup.keep", to: &b.Keep, def: "14", min: "0", max: "100000", doc: "How many stay in backup.to; older ones are removed after a new one was verified. 0 for any number."},
		{path: "backup.keep_for", to: &b.KeepFor, def: "0s", max: "3650d", doc: "How long one stays there, the newest excepted. 0s for ever."},
		{path: "backup.s3.endpoint", to: &s.Endpoint, doc: "Base URL of the S3 service, without the bucket. Of these keys, those that are not set come from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. https, but for loopback hosts."},
		{path: "backup.s3.region", to: &s.Region, def: "us-east-1", doc: "Region of the bucket; many services that are not Amazon's take any."},
		{path: "backup.s3.access_key_id", to: &s.AccessKeyID, doc: "Name of the key that may list, read, write and delete objects below the prefix."},
		{path: "backup.s3.secret_access_key", to: &s.SecretAccessKey, doc: "The key."},
		{path: "backup.s3.session_token", to: &s.SessionToken, doc: "What goes with credentials that end."},
		{path: "backup.s3.path_style", to: &s.PathStyle, def: "true", doc: "Put the bucket's name into the path; else into the host's name."},
	}
}

// awsEnvironment takes from the variables that every S3 client knows what is not set.
func (l *loader) awsEnvironment(env []string) {
	values := map[string]string{}
	for _, e := range env {
		if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			values[name] = value
		}
	}
	for _, from := range []struct{ path, name string }{
		{"endpoint", "AWS_ENDPOINT_URL_S3"}, {"endpoint", "AWS_ENDPOINT_URL"}, {"region", "AWS_REGION"}, {"region", "AWS_DEFAULT_REGION"},
		{"access_key_id", "AWS_ACCESS_KEY_ID"}, {"secret_access_key", "AWS_SECRET_ACCESS_KEY"}, {"session_token", "AWS_SESSION_TOKEN"},
	} {
		path := "backup.s3." + from.path
		if values[from.name] != "" && !l.config.IsSet(path) && !l.config.IsSet(path+"_file") {
			l.text(path, values[from.name], "environment "+from.name)
		}
	}
}

// Bucket splits s3://bucket/prefix; ok is false for anything else.
func Bucket(to string) (bucket, prefix string, ok bool) {
	rest, ok := strings.CutPrefix(to, s3Scheme)
	bucket, prefix, _ = strings.Cut(rest, "/")
	return bucket, strings.TrimSuffix(prefix, "/"), ok
}

func (c *Config) checkBackup(fault func(path, format string, args ...any)) {
	b := &c.Backup
	if b.Key.IsSet() {
		if _, err := archive.ParseKeys(b.Key.Reveal(), nil); err != nil {
			fault(c.at("backup.key"), "%v", err)
		}
	} else if (b.To != "" || len(b.Recipients) > 0) && !c.IsSet("backup.key_file") {
		fault("backup.key", "is missing; set it or backup.key_file (`latchkey backup generate-key` makes one)")
	}
	for _, r := range b.Recipients {
		if _, err := archive.ParseRecipient(r); err != nil {
			fault("backup.recipients", "%v", err)
		}
	}
	if b.Every > 0 && b.Every.D() < time.Second {
		fault("backup.every", "is %v; it must be 0s or at least 1s", b.Every)
	}
	if b.Every > 0 && b.To == "" {
		fault("backup.to", "is missing beside backup.every: the folder or bucket that backups go to")
	}
	if strings.Contains(b.To, "://") && !strings.HasPrefix(b.To, s3Scheme) {
		fault("backup.to", "is neither a folder nor s3://bucket/prefix")
	}
	if c.Storage.Driver == "bolt" && b.To != "" && filepath.Clean(b.To) == filepath.Dir(c.Storage.BoltPath) {
		fault("backup.to", "is the folder of the store: what takes one takes both")
	}
	if c.Storage.Driver == "memory" && b.To != "" {
		fault("backup.to", "is set, but what is in memory cannot be backed up")
	}
	c.checkS3(fault)
}

func (c *Config) checkS3(fault func(path, format string, args ...any)) {
	s := &c.Backup.S3
	if u, err := url.Parse(s.Endpoint); s.Endpoint != "" {
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "":
			fault("backup.s3.endpoint", "is no URL such as https://s3.example.com, without a path")
		case u.Scheme == "http" && !serve.IsLoopback(u.Hostname()):
			fault("backup.s3.endpoint", "uses http; only loopback hosts may")
		}
	}
	bucket, prefix, ok := Bucket(c.Backup.To)
	if !ok {
		return
	}
	if err := archive.CheckBucket(bucket, prefix); err != nil {
		fault("backup.to", "%v", err)
	}
	if s.Endpoint == "" {
		fault("backup.s3.endpoint", "is missing: the base URL of the S3 service, without the bucket")
	}
	if s.AccessKeyID == "" {
		fault("backup.s3.access_key_id", "is missing")
	}
	if !s.SecretAccessKey.IsSet() && !c.IsSet("backup.s3.secret_access_key_file") {
		fault("backup.s3.secret_access_key", "is missing; set it or backup.s3.secret_access_key_file")
	}
}

// at is the key that a secret came by: itself, or its file.
func (c *Config) at(path string) string {
	if c.origins[path] == "" && c.origins[path+"_file"] != "" {
		return path + "_file"
	}
	return path
}
