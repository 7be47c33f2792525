"""What the test says to every script: where the proxy is, and what the provider behind it answers."""

import os

URL = os.environ["PENSTOCK_URL"]
KEY = os.environ["PENSTOCK_KEY"]
MODEL = os.environ["PENSTOCK_MODEL"]
TEXT = os.environ["PENSTOCK_TEXT"]

# Has the mock provider call one of the tools that it is offered.
CALLING = {"x-mock-tools": "1", "x-mock-arguments": '{"city":"Oslo"}'}
ARGUMENTS = {"city": "Oslo"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")


def refused(call, kind):
    """The call has to fail with an exception of that kind."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")
