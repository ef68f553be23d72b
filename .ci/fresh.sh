#!/usr/bin/env bash
# Proves that the generated files are what the code generates, or with --write makes them so:
# docs/events.md, docs/openapi.json, .sqlx (the queries as checked against a migrated database).
set -euo pipefail
cd "$(dirname "$0")/.."
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
cargo=${CARGO:-cargo}

if [ "${1:-}" = --write ]; then write=1; fi
status=0
compare() { # compare GENERATED COMMITTED
  if [ "${write:-}" ]; then
    rm -rf "$2"; cp -r "$1" "$2"
  elif ! diff -r -q "$1" "$2" >/dev/null 2>&1; then
    echo "fresh: $2 is stale: run \`make generate\` and commit the result"
    diff -r "$1" "$2" | head -20 || true
    status=1
  fi
}

# Of the whole workspace, as the tests are: of one package alone cargo would build its libraries with other
# features, once more.
$cargo build --quiet --locked --workspace --bin attendance --example with_database
built=$($cargo metadata --locked --no-deps --format-version 1 | sed -E 's/.*"target_directory":"([^"]+)".*/\1/')/debug

# Here the build does look at a database.
# The macros write a file a query while they compile with a database at hand.
mkdir "$new/sqlx"
for crate in commands nats projections workers web tests; do touch "$crate/src/lib.rs"; done
SQLX_OFFLINE= SQLX_OFFLINE_DIR="$new/sqlx" "$built/examples/with_database" \
  $cargo check --quiet --workspace --all-targets --locked
compare "$new/sqlx" .sqlx

"$built/attendance" events-doc > "$new/events.md"
"$built/attendance" openapi > "$new/openapi.json"
compare "$new/events.md" docs/events.md
compare "$new/openapi.json" docs/openapi.json
exit $status
