#!/usr/bin/env bash
# A walk through the private API with curl. Start `make run` in another terminal first, then: examples/curl.sh
# Another daemon: CONSOLE=https://console.acme.example TOKEN_FILE=/etc/bridged/console.token examples/curl.sh
set -euo pipefail

console=${CONSOLE:-http://127.0.0.1:8081}
token_file=${TOKEN_FILE:-console.token}   # made by the daemon at its first start, readable by its owner only
phone=+15125550100
encoded=%2B15125550100                    # the same in an address: a plain `+` could be read as a space
run=$(date +%s)                           # makes the ids below new at each run; a repeated id changes nothing

[ -r "$token_file" ] || { echo "no token in $token_file: is the daemon running here?" >&2; exit 2; }

# call METHOD PATH [JSON]: the header comes through standard input, since arguments can be read by every user of this machine.
call() {
  local method=$1 path=$2 body=${3-}
  echo "== $method $path" >&2
  printf 'Authorization: Bearer %s\n' "$(cat "$token_file")" |
    curl --silent --show-error --fail-with-body --header @- --request "$method" \
      ${body:+--header 'Content-Type: application/json' --data "$body"} "$console$path"
  echo
}

# A contact: what is given is written, null clears, the rest stays as it was.
call PUT /v1/contacts '{"phone":"'$phone'","first_name":"Ana","timezone":"America/Chicago","tags":["lead"],"consent":["marketing"],"consent_source":"curl.sh"}'

# An event starts whatever listens for it: here the questions of playbooks/qualification.yaml. 202: stored; the text follows.
call POST /v1/events '{"event":"lead.created","contact":{"phone":"'$phone'"},"data":{"sms_consent":true},"id":"curl-'$run'"}'

# Where that contact stands, and what was said. In `state`, `live` is everything that has not ended.
call GET "/v1/contacts/$encoded"
call GET "/v1/conversations?contact=$encoded&state=live"
call GET "/v1/messages?contact=$encoded&limit=5"

# A broadcast of a playbook to its own audience, once: the same id again returns this one.
call POST /v1/broadcasts '{"playbook":"activation","id":"curl-'$run'"}'
call GET "/v1/broadcasts/curl-$run"
call POST "/v1/broadcasts/curl-$run/cancel"
