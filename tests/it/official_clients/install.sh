#!/bin/sh
# Installs Twilio's official Python and Node clients beside this file, for the tests that take them as judges.
# Quiet, and done at once where they are there already.
set -eu
cd "$(dirname "$0")"

need() {
    command -v "$1" >/dev/null 2>&1 || { echo "install.sh: \`$1\` is missing: install the Debian package \`$2\`" >&2; exit 2; }
}

# The list that was installed lies in the folder it was installed into; a changed list installs anew.
if ! cmp -s requirements.txt .venv/installed; then
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || { echo 'install.sh: install the Debian package `python3-venv`' >&2; exit 2; }
    python3 -m venv --clear .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
    cp requirements.txt .venv/installed
fi
if ! cmp -s package-lock.json node_modules/installed; then
    need node nodejs
    need npm npm
    npm ci --silent --no-audit --no-fund
    cp package-lock.json node_modules/installed
fi
