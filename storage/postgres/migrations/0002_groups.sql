-- compatible: 1
--
-- Groups of people, what clients have to do with them, and copies of the clients of files. The version before knows neither, and takes the copies for
-- clients that are disabled.

ALTER TABLE accounts ADD COLUMN IF NOT EXISTS groups text[] NOT NULL DEFAULT '{}';

ALTER TABLE clients ADD COLUMN IF NOT EXISTS allowed_groups text[] NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN IF NOT EXISTS groups_filter text[] NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN IF NOT EXISTS groups_in_access_token boolean NOT NULL DEFAULT false;
ALTER TABLE clients ADD COLUMN IF NOT EXISTS declared boolean NOT NULL DEFAULT false;
