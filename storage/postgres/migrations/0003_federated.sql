-- compatible: 1
--
-- Whom of other issuers a client trusts to speak as itself, and the applications behind a proxy that it stands for: JSON. The version before knows
-- neither, and serves such clients nothing: they have no secret and no key.

ALTER TABLE clients ADD COLUMN IF NOT EXISTS federated_identities text;
ALTER TABLE clients ADD COLUMN IF NOT EXISTS forward_auth text;
