"""Judges webhook requests with Twilio's Python library.

Reads one JSON object a line: `url`, `token`, `signature`, `params` (pairs of name and value) or `body` (JSON text).
Writes one a line: `valid` by the library, and the `signature` it makes itself.
Run by tests/it/signatures.rs: .venv/bin/python verify.py < requests
"""

import json
import sys

from twilio.request_validator import RequestValidator


class Pairs(dict):
    """Pairs in the shape the library knows from web frameworks: a dictionary with `getlist`."""

    def __init__(self, pairs):
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getlist(self, name):
        return self[name]


for line in sys.stdin:
    request = json.loads(line)
    validator = RequestValidator(request["token"])
    is_json = request["body"] is not None
    params = Pairs(request["params"])
    given = request["body"] if is_json else params
    print(
        json.dumps(
            {
                "valid": validator.validate(request["url"], given, request["signature"]),
                "signature": validator.compute_signature(request["url"], params),
            }
        )
    )
