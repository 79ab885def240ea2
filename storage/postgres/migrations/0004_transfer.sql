-- compatible: 1
--
-- How far the database is filled with what another store held; there is no row where nobody fills it. The version before does not know that one that is
-- half filled must not be served: only this one fills any.

CREATE TABLE IF NOT EXISTS transfer (
  id        smallint PRIMARY KEY CHECK (id = 1),
  progress  bytea NOT NULL
);
