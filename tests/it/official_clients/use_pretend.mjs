// Uses the pretend Twilio through Twilio's Node library, as a program written for the real one would.
// Run by tests/it/official_clients.rs: node use_pretend.mjs BASE ACCOUNT_SID AUTH_TOKEN FROM TO
// Prints `fine` at the end; anything else is an exception.

import assert from "node:assert/strict";
import twilio from "twilio";

const [base, account, token, from, to] = process.argv.slice(2);
const connect = (secret) => {
  const client = twilio(account, secret);
  client.api.baseUrl = base;
  return client;
};
const client = connect(token);
const refused = (code, status, action) => assert.rejects(action, { code, status });

const message = await client.messages.create({ to, from, body: "hello & welcome", mediaUrl: ["https://a.example/1", "https://a.example/2"] });
assert.match(message.sid, /^MM[0-9a-f]{32}$/);
assert.deepEqual([message.status, message.direction, message.numMedia], ["queued", "outbound-api", "2"]);
assert.ok(message.dateCreated instanceof Date && !Number.isNaN(message.dateCreated.getTime()));
assert.equal(message.errorCode, null);
await refused(21211, 400, () => client.messages.create({ to: "+15005550001", from, body: "x" }));
await refused(20429, 429, () => client.messages.create({ to: "+15005550101", from, body: "x" }));
await refused(20003, 401, () => connect("wrong").messages.create({ to, from, body: "x" }));

const fetched = await client.messages(message.sid).fetch();
assert.deepEqual([fetched.sid, fetched.body, fetched.to, fetched.from], [message.sid, "hello & welcome", to, from]);
for (let n = 0; n < 7; n++) await client.messages.create({ to, from, body: `text ${n}` });
const listed = await client.messages.list({ to, from, pageSize: 3 });
assert.deepEqual(listed.map((m) => m.body), ["text 6", "text 5", "text 4", "text 3", "text 2", "text 1", "text 0", "hello & welcome"]);
assert.deepEqual(await client.messages.list({ to: "+14155550000" }), []);
assert.deepEqual(await client.messages.list({ dateSentAfter: new Date(Date.now() + 86_400_000) }), []);

assert.equal((await client.messages(message.sid).update({ body: "" })).body, "");
assert.equal((await client.messages(message.sid).feedback.create({ outcome: "confirmed" })).messageSid, message.sid);
assert.equal(await client.messages(message.sid).remove(), true);
await refused(20404, 404, () => client.messages(message.sid).fetch());

const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: from });
assert.equal(number.phoneNumber, from);
assert.ok(number.capabilities.sms);
const changed = await client.incomingPhoneNumbers(number.sid).update({ smsUrl: "https://b.example/webhooks/twilio", smsMethod: "POST" });
assert.equal(changed.smsUrl, "https://b.example/webhooks/twilio");
assert.equal((await client.incomingPhoneNumbers(number.sid).fetch()).smsUrl, changed.smsUrl);
console.log("fine");
