-- compatible: 1
--
-- Every statement can be run again: where DDL is not transactional, a migration that was interrupted is simply repeated.
-- Keys are compared byte by byte (collation C), as the contract does. What is absent is NULL where it must be unique or is looked for, '' elsewhere.

-- Accounts ------------------------------------------------------------------------------------------------------------

CREATE SEQUENCE IF NOT EXISTS account_ids; -- an ID is never given out twice

CREATE TABLE IF NOT EXISTS accounts (
  id                bigint PRIMARY KEY DEFAULT nextval('account_ids'),
  sub               text COLLATE "C" NOT NULL CONSTRAINT accounts_sub_named CHECK (sub <> ''),
  username          text NOT NULL DEFAULT '',
  username_key      text COLLATE "C",
  email             text NOT NULL DEFAULT '',
  email_key         text COLLATE "C",
  email_verified    boolean NOT NULL DEFAULT false,
  full_name         text NOT NULL DEFAULT '',
  first_name        text NOT NULL DEFAULT '',
  last_name         text NOT NULL DEFAULT '',
  middle_name       text NOT NULL DEFAULT '',
  nickname          text NOT NULL DEFAULT '',
  phone             text NOT NULL DEFAULT '',
  phone_verified    boolean NOT NULL DEFAULT false,
  profile_url       text NOT NULL DEFAULT '',
  website           text NOT NULL DEFAULT '',
  gender            text NOT NULL DEFAULT '',
  birthdate         text NOT NULL DEFAULT '', -- YYYY-MM-DD, YYYY or 0000-MM-DD
  zoneinfo          text NOT NULL DEFAULT '',
  locale            text NOT NULL DEFAULT '',
  address           jsonb,
  experience_years  integer,
  skills            text[] NOT NULL DEFAULT '{}',
  password_hash     text NOT NULL DEFAULT '',
  password_history  text[] NOT NULL DEFAULT '{}',
  password_set_at   timestamptz,
  disabled          boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  version           bigint NOT NULL,
  CONSTRAINT accounts_sub_unique UNIQUE (sub),
  CONSTRAINT accounts_username_unique UNIQUE (username_key),
  CONSTRAINT accounts_email_unique UNIQUE (email_key)
);

CREATE TABLE IF NOT EXISTS files (
  id            text COLLATE "C" PRIMARY KEY CONSTRAINT files_id_named CHECK (id <> ''),
  account_id    bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  kind          text NOT NULL CHECK (kind IN ('resume', 'picture')),
  filename      text NOT NULL DEFAULT '',
  content_type  text NOT NULL DEFAULT '',
  size          bigint NOT NULL,
  uploaded_at   timestamptz NOT NULL,
  content       bytea NOT NULL,
  CONSTRAINT files_one_of_a_kind UNIQUE (account_id, kind)
);

-- Sessions and grants --------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS sessions (
  sid           text COLLATE "C" PRIMARY KEY CONSTRAINT sessions_sid_named CHECK (sid <> ''),
  account_id    bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  secret_hash   text NOT NULL DEFAULT '',
  auth_time     timestamptz,
  amr           text[] NOT NULL DEFAULT '{}',
  acr           text NOT NULL DEFAULT '',
  kind          text NOT NULL DEFAULT '',
  user_agent    text NOT NULL DEFAULT '',
  address       text NOT NULL DEFAULT '',
  persistent    boolean NOT NULL DEFAULT false,
  clients       text[] NOT NULL DEFAULT '{}', -- signed in to, in order of first use
  notify        text[] NOT NULL DEFAULT '{}', -- told when the session ends
  created_at    timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS sessions_of_account ON sessions (account_id);
CREATE INDEX IF NOT EXISTS sessions_expiry ON sessions (expires_at);

-- A grant is a family: its code, its refresh token and every access token die with it. Revoked ones are kept, so that a replay is known for one.
CREATE TABLE IF NOT EXISTS grants (
  id                  text COLLATE "C" PRIMARY KEY CONSTRAINT grants_id_named CHECK (id <> ''),
  client_id           text COLLATE "C" NOT NULL,
  account_id          bigint REFERENCES accounts ON DELETE CASCADE, -- NULL: the client acts for itself
  sid                 text COLLATE "C",
  scopes              text[] NOT NULL DEFAULT '{}',
  resources           text[] NOT NULL DEFAULT '{}',
  nonce               text NOT NULL DEFAULT '',
  auth_time           timestamptz,
  amr                 text[] NOT NULL DEFAULT '{}',
  acr                 text NOT NULL DEFAULT '',
  claims              text,
  confirmation        text,
  offline             boolean NOT NULL DEFAULT false,
  front               boolean NOT NULL DEFAULT false,
  code_hash           text COLLATE "C" CONSTRAINT grants_code_named CHECK (code_hash <> ''),
  code_redirect_uri   text NOT NULL DEFAULT '',
  code_redirect_sent  boolean NOT NULL DEFAULT false,
  code_challenge      text NOT NULL DEFAULT '',
  code_method         text NOT NULL DEFAULT '',
  code_expires_at     timestamptz,
  code_redeemed_at    timestamptz,
  refresh_generation  bigint,
  refresh_fixed       boolean NOT NULL DEFAULT false,
  refresh_rotated_at  timestamptz,
  refresh_expires_at  timestamptz,
  created_at          timestamptz NOT NULL,
  expires_at          timestamptz NOT NULL,
  revoked_at          timestamptz,
  -- When the row can go: with the code, where nobody redeemed it and no token left beside it.
  swept_at            timestamptz NOT NULL GENERATED ALWAYS AS (
    CASE WHEN NOT front AND code_hash IS NOT NULL AND code_redeemed_at IS NULL AND code_expires_at < expires_at
      THEN code_expires_at ELSE expires_at END) STORED,
  CONSTRAINT grants_code_unique UNIQUE (code_hash)
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS grants_of_account ON grants (account_id, client_id);
CREATE INDEX IF NOT EXISTS grants_of_client ON grants (client_id);
CREATE INDEX IF NOT EXISTS grants_of_session ON grants (sid) WHERE sid IS NOT NULL;
CREATE INDEX IF NOT EXISTS grants_expiry ON grants (swept_at);

CREATE TABLE IF NOT EXISTS consents (
  account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  client_id   text COLLATE "C" NOT NULL,
  scopes      text[] NOT NULL DEFAULT '{}',
  granted_at  timestamptz NOT NULL,
  PRIMARY KEY (account_id, client_id)
);
CREATE INDEX IF NOT EXISTS consents_to_client ON consents (client_id);

-- What is good once, and what was used up ------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS denials (
  jti         text COLLATE "C" PRIMARY KEY,
  expires_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS denials_expiry ON denials (expires_at);

CREATE TABLE IF NOT EXISTS replays (
  key         text COLLATE "C" PRIMARY KEY,
  expires_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS replays_expiry ON replays (expires_at);

CREATE TABLE IF NOT EXISTS one_time_tokens (
  purpose     text COLLATE "C" NOT NULL,
  hash        text COLLATE "C" NOT NULL CONSTRAINT one_time_tokens_hash_named CHECK (hash <> ''),
  account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  data        bytea,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (purpose, hash)
);
CREATE INDEX IF NOT EXISTS one_time_tokens_of_account ON one_time_tokens (account_id);
CREATE INDEX IF NOT EXISTS one_time_tokens_expiry ON one_time_tokens (expires_at);

CREATE TABLE IF NOT EXISTS pushed_requests (
  id          text COLLATE "C" PRIMARY KEY CONSTRAINT pushed_requests_id_named CHECK (id <> ''),
  client_id   text COLLATE "C" NOT NULL,
  form        text NOT NULL,
  signed      boolean NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS pushed_requests_expiry ON pushed_requests (expires_at);

CREATE TABLE IF NOT EXISTS devices (
  code_hash       text COLLATE "C" PRIMARY KEY CONSTRAINT devices_code_named CHECK (code_hash <> ''),
  user_code_hash  text COLLATE "C" NOT NULL CONSTRAINT devices_user_code_named CHECK (user_code_hash <> ''),
  client_id       text COLLATE "C" NOT NULL,
  scopes          text[] NOT NULL DEFAULT '{}',
  resources       text[] NOT NULL DEFAULT '{}',
  decision        text CHECK (decision IN ('allowed', 'denied')), -- NULL until the person decided; what follows says who that was
  account_id      bigint,
  sid             text COLLATE "C",
  auth_time       timestamptz,
  amr             text[] NOT NULL DEFAULT '{}',
  acr             text NOT NULL DEFAULT '',
  decided_at      timestamptz,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  CONSTRAINT devices_user_code_unique UNIQUE (user_code_hash)
);
CREATE INDEX IF NOT EXISTS devices_expiry ON devices (expires_at);

-- Clients --------------------------------------------------------------------------------------------------------------

-- The names are those of RFC 7591 and OpenID Connect Registration, where they have one.
CREATE TABLE IF NOT EXISTS clients (
  id                                     text COLLATE "C" PRIMARY KEY CONSTRAINT clients_id_named CHECK (id <> ''),
  client_name                            text NOT NULL DEFAULT '',
  client_uri                             text NOT NULL DEFAULT '',
  logo_uri                               text NOT NULL DEFAULT '',
  policy_uri                             text NOT NULL DEFAULT '',
  tos_uri                                text NOT NULL DEFAULT '',
  contacts                               text[] NOT NULL DEFAULT '{}',
  localized                              jsonb,
  application_type                       text NOT NULL DEFAULT '',
  redirect_uris                          text[] NOT NULL DEFAULT '{}',
  post_logout_redirect_uris              text[] NOT NULL DEFAULT '{}',
  token_endpoint_auth_method             text NOT NULL DEFAULT '',
  token_endpoint_auth_signing_alg        text NOT NULL DEFAULT '',
  jwks                                   text,
  jwks_uri                               text NOT NULL DEFAULT '',
  secrets                                jsonb NOT NULL DEFAULT '[]',
  grant_types                            text[] NOT NULL DEFAULT '{}',
  response_types                         text[] NOT NULL DEFAULT '{}',
  response_modes                         text[] NOT NULL DEFAULT '{}',
  scopes                                 text[] NOT NULL DEFAULT '{}',
  audiences                              text[] NOT NULL DEFAULT '{}',
  default_audience                       text NOT NULL DEFAULT '',
  pkce_exempt                            boolean NOT NULL DEFAULT false,
  skip_consent                           boolean NOT NULL DEFAULT false,
  account_claims                         boolean NOT NULL DEFAULT false,
  id_token_signed_response_alg           text NOT NULL DEFAULT '',
  access_token_alg                       text NOT NULL DEFAULT '',
  userinfo_signed_response_alg           text NOT NULL DEFAULT '',
  introspection_signed_response_alg      text NOT NULL DEFAULT '',
  opaque_access_tokens                   boolean NOT NULL DEFAULT false,
  request_object_signing_alg             text NOT NULL DEFAULT '',
  request_uris                           text[] NOT NULL DEFAULT '{}',
  require_pushed_authorization_requests  boolean NOT NULL DEFAULT false,
  require_signed_request_object          boolean NOT NULL DEFAULT false,
  default_max_age                        interval NOT NULL DEFAULT '0',
  has_default_max_age                    boolean NOT NULL DEFAULT false,
  require_auth_time                      boolean NOT NULL DEFAULT false,
  default_acr_values                     text[] NOT NULL DEFAULT '{}',
  subject_type                           text NOT NULL DEFAULT '',
  sector_identifier_uri                  text NOT NULL DEFAULT '',
  sector                                 text NOT NULL DEFAULT '',
  initiate_login_uri                     text NOT NULL DEFAULT '',
  frontchannel_logout_uri                text NOT NULL DEFAULT '',
  frontchannel_logout_session_required   boolean NOT NULL DEFAULT false,
  backchannel_logout_uri                 text NOT NULL DEFAULT '',
  backchannel_logout_session_required    boolean NOT NULL DEFAULT false,
  allowed_origins                        text[] NOT NULL DEFAULT '{}',
  origins                                text[] NOT NULL DEFAULT '{}', -- allowed_origins and those of redirect_uris, for the index
  software_id                            text NOT NULL DEFAULT '',
  software_version                       text NOT NULL DEFAULT '',
  registered                             boolean NOT NULL DEFAULT false,
  registered_with                        text COLLATE "C" NOT NULL DEFAULT '',
  registration_hash                      text NOT NULL DEFAULT '',
  access_token_ttl                       interval NOT NULL DEFAULT '0',
  id_token_ttl                           interval NOT NULL DEFAULT '0',
  refresh_token_ttl                      interval NOT NULL DEFAULT '0',
  disabled                               boolean NOT NULL DEFAULT false,
  expires_at                             timestamptz, -- NULL: never
  created_at                             timestamptz NOT NULL,
  updated_at                             timestamptz NOT NULL,
  version                                bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS clients_origins ON clients USING gin (origins);
CREATE INDEX IF NOT EXISTS clients_registered ON clients (id) WHERE registered;
CREATE INDEX IF NOT EXISTS clients_expiry ON clients (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS registration_tokens (
  id           text COLLATE "C" PRIMARY KEY CONSTRAINT registration_tokens_id_named CHECK (id <> ''),
  hash         text COLLATE "C" NOT NULL CONSTRAINT registration_tokens_hash_named CHECK (hash <> ''),
  name         text NOT NULL DEFAULT '',
  uses         integer NOT NULL DEFAULT 0,
  max_uses     integer NOT NULL DEFAULT 0, -- 0: no bound
  pkce_exempt  boolean NOT NULL DEFAULT false,
  created_at   timestamptz,
  expires_at   timestamptz, -- NULL: never
  CONSTRAINT registration_tokens_hash_unique UNIQUE (hash)
);
CREATE INDEX IF NOT EXISTS registration_tokens_expiry ON registration_tokens (expires_at) WHERE expires_at IS NOT NULL;

-- Queues ---------------------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS outbox (
  id           text COLLATE "C" PRIMARY KEY CONSTRAINT outbox_id_named CHECK (id <> ''),
  account_id   bigint NOT NULL DEFAULT 0, -- who may be gone
  kind         text NOT NULL DEFAULT '',
  locale       text NOT NULL DEFAULT '',
  sealed       bytea,
  created_at   timestamptz NOT NULL,
  not_before   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  attempts     integer NOT NULL DEFAULT 0,
  last_error   text NOT NULL DEFAULT '',
  lease_until  timestamptz,
  due_at       timestamptz NOT NULL GENERATED ALWAYS AS (GREATEST(not_before, lease_until)) STORED
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at);
CREATE INDEX IF NOT EXISTS outbox_expiry ON outbox (expires_at);

CREATE TABLE IF NOT EXISTS notices (
  sid           text COLLATE "C" NOT NULL,
  client_id     text COLLATE "C" NOT NULL,
  account_id    bigint NOT NULL, -- who may be gone
  sub           text NOT NULL,
  ended_at      timestamptz NOT NULL,
  not_before    timestamptz NOT NULL,
  lease_until   timestamptz,
  attempts      integer NOT NULL DEFAULT 0,
  last_error    text NOT NULL DEFAULT '',
  delivered_at  timestamptz,
  given_up_at   timestamptz,
  due_at        timestamptz NOT NULL GENERATED ALWAYS AS (GREATEST(not_before, lease_until)) STORED,
  PRIMARY KEY (sid, client_id)
);
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX IF NOT EXISTS notices_to_client ON notices (client_id) WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX IF NOT EXISTS notices_of_account ON notices (account_id, ended_at);
CREATE INDEX IF NOT EXISTS notices_age ON notices (ended_at);

-- Keys -----------------------------------------------------------------------------------------------------------------

-- The keyring is written whole, and only by who knows its revision.
CREATE TABLE IF NOT EXISTS keyring (
  id        smallint PRIMARY KEY CHECK (id = 1),
  revision  bigint NOT NULL
);
INSERT INTO keyring (id, revision) VALUES (1, 0) ON CONFLICT (id) DO NOTHING;

CREATE TABLE IF NOT EXISTS signing_keys (
  place          integer PRIMARY KEY,
  kid            text COLLATE "C" NOT NULL,
  alg            text NOT NULL,
  public_jwk     text,
  sealed         bytea, -- under the key-encryption key, which is not in the database
  seal_key_id    text NOT NULL,
  published_at   timestamptz,
  activates_at   timestamptz,
  retires_at     timestamptz,
  gone_at        timestamptz,
  revoked_at     timestamptz,
  longest_token  interval NOT NULL
);

CREATE TABLE IF NOT EXISTS service_secrets (
  place        integer PRIMARY KEY,
  id           text COLLATE "C" NOT NULL,
  sealed       bytea,
  seal_key_id  text NOT NULL,
  created_at   timestamptz
);

-- What replicas share --------------------------------------------------------------------------------------------------

-- Counters of attempts. They cost no WAL, and are empty after a crash or a failover: that is what is promised of them.
CREATE UNLOGGED TABLE IF NOT EXISTS attempts (
  key      text COLLATE "C" PRIMARY KEY,
  count    bigint NOT NULL,
  ends_at  timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS attempts_expiry ON attempts (ends_at);

CREATE TABLE IF NOT EXISTS leases (
  name        text COLLATE "C" PRIMARY KEY,
  holder      text NOT NULL,
  expires_at  timestamptz NOT NULL
);

-- A revision that every write of that kind raises, so that whoever missed a notification sees that there was one.
CREATE TABLE IF NOT EXISTS changes (
  kind      text COLLATE "C" PRIMARY KEY,
  revision  bigint NOT NULL
);
INSERT INTO changes (kind, revision) VALUES ('clients', 0) ON CONFLICT (kind) DO NOTHING;
