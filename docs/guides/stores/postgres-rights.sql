-- The rights that a store of Spotproof in PostgreSQL needs. Run it once, as an administrator, in the database that is to
-- hold the store. The user's URL is then postgres://spotproof@host:5432/database (the password in PGPASSWORD or ~/.pgpass).

-- The user that jobs run with. It owns one schema, makes its tables there on first use, and can touch nothing else.
CREATE ROLE spotproof LOGIN PASSWORD 'choose-one';
GRANT spotproof TO CURRENT_USER;
CREATE SCHEMA spotproof AUTHORIZATION spotproof;

-- Optional: a user that may look (spotproof status, spotproof checkpoints list, verify and restore) and change nothing.
CREATE ROLE spotproof_reader LOGIN PASSWORD 'choose-another';
GRANT USAGE ON SCHEMA spotproof TO spotproof_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE spotproof IN SCHEMA spotproof GRANT SELECT ON TABLES TO spotproof_reader;

-- Where users may not own tables: open the store once as an administrator, so that its tables are there, and give the
-- user these rights instead of the schema. A later version of Spotproof may then need the administrator again.
--   GRANT USAGE ON SCHEMA spotproof TO jobs;
--   GRANT SELECT ON spotproof.spotproof_migrations TO jobs;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON spotproof.spotproof_objects TO jobs;
--   GRANT SELECT, INSERT, DELETE ON spotproof.spotproof_parts TO jobs;
