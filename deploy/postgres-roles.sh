#!/bin/sh
# Makes the database `postern` and its two roles: one owns the tables, one reads and writes rows and can do no more.
# Run it once, as a superuser of PostgreSQL, with both passwords in the environment; psql's own variables (PGHOST,
# PGUSER…) say which server. deploy/compose.yaml runs it on the first start.
set -eu
: "${POSTERN_OWNER_PASSWORD:?set it to the password for postern_owner}"
: "${POSTERN_APP_PASSWORD:?set it to the password for postern_app}"

psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-${PGUSER:-postgres}}" -d postgres <<'SQL'
\getenv owner_password POSTERN_OWNER_PASSWORD
\getenv app_password POSTERN_APP_PASSWORD
CREATE ROLE postern_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE postern_app LOGIN PASSWORD :'app_password';
CREATE DATABASE postern OWNER postern_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE postern FROM PUBLIC;
GRANT CONNECT ON DATABASE postern TO postern_app;
\connect postern
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO postern_app;
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT USAGE, SELECT ON SEQUENCES TO postern_app;
SQL
