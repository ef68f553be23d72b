#!/usr/bin/env bash
# Checks docker-compose.yml with whichever compose is here.
set -euo pipefail
cd "$(dirname "$0")/.."
if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
elif command -v docker-compose >/dev/null; then
  docker-compose config --quiet
else
  echo "compose: neither 'docker compose' nor 'docker-compose' is here; docker-compose.yml was not checked"
fi
