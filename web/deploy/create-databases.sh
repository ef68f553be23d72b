# Run once by the Postgres image on an empty data folder. The vault is a database of its own, so that its backups can be
# its own; the server logs in as attendance_app, to which `attendance migrate` gives the runtime roles and nothing else.
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/app_password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create database attendance_vault;
create role attendance_app login noinherit password :'password';
SQL
