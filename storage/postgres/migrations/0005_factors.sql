-- compatible: 1
--
-- Passkeys, authenticator apps, accepted terms, deletion with a grace time, and what happened to an account for its owner to read. The version before
-- knows none of it: it asks nobody for a second factor, lets in whose account waits to be deleted, and changes nothing of all this. What is an account's
-- own goes with the account, whichever version removes it.

ALTER TABLE accounts ADD COLUMN IF NOT EXISTS totp_sealed bytea; -- NULL: none is set up
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS totp_confirmed_at timestamptz;
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS terms_version text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS terms_at timestamptz;
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS delete_at timestamptz; -- NULL: it stays

ALTER TABLE clients ADD COLUMN IF NOT EXISTS second_factor boolean NOT NULL DEFAULT false;

ALTER TABLE consents ADD COLUMN IF NOT EXISTS used_at timestamptz;

CREATE TABLE IF NOT EXISTS passkeys (
  id               text COLLATE "C" PRIMARY KEY CONSTRAINT passkeys_id_named CHECK (id <> ''), -- base64url of the credential ID
  account_id       bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  name             text NOT NULL DEFAULT '',
  public_key       bytea,
  aaguid           bytea,
  transports       text[] NOT NULL DEFAULT '{}',
  sign_count       bigint NOT NULL DEFAULT 0,
  backup_eligible  boolean NOT NULL DEFAULT false,
  backed_up        boolean NOT NULL DEFAULT false,
  user_verified    boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL,
  last_used_at     timestamptz -- NULL: not yet
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS passkeys_of_account ON passkeys (account_id);

CREATE TABLE IF NOT EXISTS account_events (
  account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  id          text COLLATE "C" NOT NULL, -- greater for what came later
  at          timestamptz NOT NULL,
  name        text NOT NULL,
  detail      text NOT NULL DEFAULT '',
  sid         text NOT NULL DEFAULT '',
  client_id   text NOT NULL DEFAULT '',
  address     text NOT NULL DEFAULT '',
  user_agent  text NOT NULL DEFAULT '',
  request_id  text NOT NULL DEFAULT '',
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX IF NOT EXISTS account_events_expiry ON account_events (expires_at);
