// Judges webhook requests with Twilio's Node library; the same lines in and out as verify.py.
// Run by tests/it/signatures.rs: node verify.mjs < requests

import { readFileSync } from "node:fs";
import twilio from "twilio";
import webhooks from "twilio/lib/webhooks/webhooks.js";

// The library takes a repeated name as an array.
function params(pairs) {
  const all = {};
  for (const [name, value] of pairs) {
    all[name] = name in all ? [all[name], value].flat() : value;
  }
  return all;
}

for (const line of readFileSync(0, "utf8").split("\n")) {
  if (line === "") continue;
  const { url, token, signature, body, params: pairs } = JSON.parse(line);
  const valid =
    body === null
      ? twilio.validateRequest(token, signature, url, params(pairs))
      : twilio.validateRequestWithBody(token, signature, url, body);
  const own = webhooks.getExpectedTwilioSignature(token, url, params(pairs));
  console.log(JSON.stringify({ valid, signature: own }));
}
