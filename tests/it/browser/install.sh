#!/bin/sh
# Installs axe beside this file, for the tests of the console's pages. Quiet, and done at once where it is there already.
set -eu
cd "$(dirname "$0")"
cmp -s package-lock.json node_modules/installed && exit 0
npm ci --silent --no-audit --no-fund
cp package-lock.json node_modules/installed
