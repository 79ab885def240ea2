-- compatible: 1
--
-- Codes that name their grant, which is how they are found. The version before finds them by their hash, as all: it goes on standing beside.

ALTER TABLE grants ADD COLUMN IF NOT EXISTS code_named boolean NOT NULL DEFAULT false;
