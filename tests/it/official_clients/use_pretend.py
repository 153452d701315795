"""Uses the pretend Twilio through Twilio's Python library, as a program written for the real one would.

Run by tests/it/official_clients.rs: .venv/bin/python use_pretend.py BASE ACCOUNT_SID AUTH_TOKEN FROM TO
Prints `fine` at the end; anything else is an exception.
"""

import sys
from datetime import datetime, timedelta, timezone

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

base, account, token, sender, person = sys.argv[1:]
client = Client(account, token)
client.api.base_url = base


def refused(code, status, action):
    try:
        action()
    except TwilioRestException as refusal:
        assert (refusal.code, refusal.status) == (code, status), refusal
        return
    raise AssertionError(f"{code} was not raised")


message = client.messages.create(to=person, from_=sender, body="hello & welcome", media_url=["https://a.example/1", "https://a.example/2"])
assert message.sid.startswith("MM") and len(message.sid) == 34
assert (message.status, message.direction, message.num_media) == ("queued", "outbound-api", "2"), message
assert message.date_created is not None and message.date_sent is None and message.error_code is None
refused(21211, 400, lambda: client.messages.create(to="+15005550001", from_=sender, body="x"))
refused(20429, 429, lambda: client.messages.create(to="+15005550101", from_=sender, body="x"))
stranger = Client(account, "wrong")
stranger.api.base_url = base
refused(20003, 401, lambda: stranger.messages.create(to=person, from_=sender, body="x"))

fetched = client.messages(message.sid).fetch()
assert (fetched.sid, fetched.body, fetched.to, fetched.from_) == (message.sid, "hello & welcome", person, sender)
for n in range(7):
    client.messages.create(to=person, from_=sender, body=f"text {n}")
listed = client.messages.list(to=person, from_=sender, page_size=3)
assert [m.body for m in listed] == [f"text {n}" for n in range(6, -1, -1)] + ["hello & welcome"], [m.body for m in listed]
assert client.messages.list(to="+14155550000") == []
tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
assert client.messages.list(date_sent_after=tomorrow) == []

assert client.messages(message.sid).update(body="").body == ""
assert client.messages(message.sid).feedback.create(outcome="confirmed").message_sid == message.sid
assert client.messages(message.sid).delete()
refused(20404, 404, lambda: client.messages(message.sid).fetch())

[number] = client.incoming_phone_numbers.list(phone_number=sender)
assert number.capabilities["sms"] and number.phone_number == sender and number.sms_application_sid == ""
changed = client.incoming_phone_numbers(number.sid).update(sms_url="https://b.example/webhooks/twilio", sms_method="POST")
assert changed.sms_url == "https://b.example/webhooks/twilio"
assert client.incoming_phone_numbers(number.sid).fetch().sms_url == changed.sms_url
print("fine")
