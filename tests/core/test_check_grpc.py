"""grpc: what the health service of a server says, over HTTP/2 with TLS and without."""

import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
from anyio.abc import ByteStream
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import (
    Handler,
    answering,
    authority,
    closing,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import CheckFailed, Condition, Outcome, Reason, prober
from uptop_core.checks.grpc import GrpcCheck
from uptop_core.prober.grpc import read_status

pytestmark = pytest.mark.anyio

Headers = Sequence[tuple[str, str]]
HEAD = ((":status", "200"), ("content-type", "application/grpc"))
OK = (("grpc-status", "0"),)


def message(*payload: int) -> bytes:
    return struct.pack("!BI", 0, len(payload)) + bytes(payload)


class Health:
    """A gRPC server that answers every call alike, and keeps what it was asked."""

    def __init__(
        self, body: bytes = message(8, 1), head: Headers = HEAD, trailers: Headers = OK
    ) -> None:
        self.body, self.head, self.trailers = body, head, trailers
        self.headers: dict[str, str] = {}
        self.asked = b""

    async def __call__(self, stream: ByteStream) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        while True:
            await stream.send(connection.data_to_send())
            for event in connection.receive_data(await stream.receive()):
                if isinstance(event, h2.events.RequestReceived):
                    self.headers = {str(name): str(value) for name, value in event.headers or ()}
                elif isinstance(event, h2.events.DataReceived):
                    self.asked += event.data or b""
                elif isinstance(event, h2.events.StreamEnded):
                    self.answer(connection, event.stream_id)

    def answer(self, connection: h2.connection.H2Connection, stream: int) -> None:
        connection.send_headers(stream, self.head, end_stream=not self.trailers)
        if self.trailers:
            connection.send_data(stream, self.body)
            connection.send_headers(stream, self.trailers, end_stream=True)


class Refusing(Health):
    """Ends the call, or the connection, without an answer."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.whole = whole

    def answer(self, connection: h2.connection.H2Connection, stream: int) -> None:
        if self.whole:
            connection.close_connection(11)
        else:
            connection.reset_stream(stream, 7)


class Stopping(Health):
    """Says goodbye before it answers, as a server does that is restarted gently."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    async def __call__(self, stream: ByteStream) -> None:
        goodbye = struct.pack("!II", self.last, 0)
        frame = len(goodbye).to_bytes(3) + b"\x07\0\0\0\0\0" + goodbye
        settings = bytes(3) + b"\x04\0\0\0\0\0"
        await stream.send(settings + frame)
        await super().__call__(stream)


async def test_what_a_stopping_server_still_answers_counts() -> None:
    assert (await ask(Stopping((1 << 31) - 1))).up
    refused = await ask(Stopping(0))
    assert refused.reason is Reason.PROTOCOL_ERROR
    assert refused.detail == "the target sends us away (HTTP/2 error 0)"


async def ask(handler: Handler, **settings: object) -> Outcome:
    async with serve(handler) as server:
        check = GrpcCheck(hostname="127.0.0.1", port=server.port, **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=1.0)


async def test_a_server_that_serves_is_up() -> None:
    server = Health()
    outcome = await ask(server, conditions=(Condition('json(status) == "SERVING"'),))
    assert outcome.up, outcome.detail
    assert outcome.timings.first_byte_ns
    assert server.headers[":path"] == "/grpc.health.v1.Health/Check"
    assert server.headers["te"] == "trailers"
    assert server.asked == message()


async def test_the_service_and_the_metadata_go_along() -> None:
    server = Health()
    assert (await ask(server, service="shop.v1.Cart", metadata={"Authorization": "Bearer x"})).up
    assert server.asked == message(10, 12, *b"shop.v1.Cart")
    assert server.headers["authorization"] == "Bearer x"


async def test_it_goes_over_tls_too(tmp_path: Path) -> None:
    context = authority().context("127.0.0.1")
    context.set_alpn_protocols(["h2"])
    async with serve(Health(), tls=context) as server:
        check = GrpcCheck(hostname="127.0.0.1", port=server.port, tls=True)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
        refused = await look_at(check)
    assert outcome.up, outcome.detail
    assert outcome.cert_end
    assert refused.reason is Reason.TLS_ERROR


async def test_tls_without_http2_is_down(tmp_path: Path) -> None:
    async with serve(silent, tls=authority().context("127.0.0.1")) as server:
        check = GrpcCheck(hostname="127.0.0.1", port=server.port, tls=True)
        outcome = await look_at(check, ca_file=authority().write(tmp_path))
    assert outcome.reason is Reason.PROTOCOL_ERROR
    assert outcome.detail == "the target does not speak HTTP/2"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Health(message(8, 2)), "cart says NOT_SERVING, expected SERVING"),
        (Health(message()), "cart says UNKNOWN"),
        (Health(message(8, 3)), "cart says SERVICE_UNKNOWN"),
        (Health(message(8, 99)), "cart says 99"),
        (
            Health(head=(*HEAD, ("grpc-status", "12"), ("grpc-message", "no%20such")), trailers=()),
            "gRPC status 12 (UNIMPLEMENTED): no such",
        ),
        (
            Health(b"", trailers=(("grpc-status", "5"),)),
            "the server knows no service of that name: gRPC status 5 (NOT_FOUND)",
        ),
        (Health(b"", trailers=(("grpc-status", "77"),)), "gRPC status 77 (of no known kind)"),
    ],
)
async def test_a_service_that_does_not_serve_is_down(server: Health, words: str) -> None:
    outcome = await ask(server, service="cart")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("handler", "reason", "words"),
    [
        (Health(head=((":status", "404"),)), Reason.STATUS_MISMATCH, "HTTP 404, expected 200"),
        (Health(trailers=(("x", "y"),)), Reason.PROTOCOL_ERROR, "not one of gRPC"),
        (Health(trailers=(("grpc-status", "9" * 5000),)), Reason.PROTOCOL_ERROR, "not one of gRPC"),
        (Health(b"\1\0\0\0\0"), Reason.PROTOCOL_ERROR, "no message of the health service"),
        (Health(bytes(9_000)), Reason.PROTOCOL_ERROR, "too long"),
        (Refusing(whole=False), Reason.RESET, "broke the call off (HTTP/2 error 7)"),
        (Refusing(whole=True), Reason.PROTOCOL_ERROR, "sends us away (HTTP/2 error 11)"),
        (answering(b"HTTP/1.1 400 x\r\n\r\n"), Reason.PROTOCOL_ERROR, "does not speak HTTP/2"),
        (answering(b"\xff\xff\xff\x04 of no use"), Reason.PROTOCOL_ERROR, "not speak HTTP/2"),
        (closing, Reason.PROTOCOL_ERROR, "closed the connection"),
        (silent, Reason.TIMEOUT, "no answer within 1 s"),
    ],
)
async def test_a_target_that_does_not_answer_as_grpc_does_is_down(
    handler: Handler, reason: Reason, words: str
) -> None:
    outcome = await ask(handler)
    assert outcome.reason is reason, outcome.detail
    assert words in outcome.detail


async def test_nobody_and_a_private_target_are_told_apart() -> None:
    nobody = GrpcCheck(hostname="127.0.0.1", port=free_port())
    assert (await look_at(nobody)).reason is Reason.CONNECT_REFUSED
    blocked = await look_at(GrpcCheck(hostname="localhost", port=1), allow_private=False)
    assert blocked.reason is Reason.BLOCKED_TARGET


async def test_without_its_extra_it_says_which_and_is_no_vote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(prober, "grpc")
    monkeypatch.delitem(sys.modules, "uptop_core.prober.grpc")
    monkeypatch.setitem(sys.modules, "h2.config", None)
    outcome = await look_at(GrpcCheck(hostname="127.0.0.1", port=1))
    assert outcome.abstains
    assert outcome.detail == "a grpc check needs an extra: pip install 'uptop-core[http2]'"


def test_fields_that_are_not_known_are_passed_over() -> None:
    assert read_status(message(18, 1, 65, 25, *bytes(8), 37, *bytes(4), 8, 1)) == 1


@given(st.binary(max_size=40).map(lambda body: message(*body)) | st.binary(max_size=40))
def test_any_bytes_are_a_status_or_the_one_error(data: bytes) -> None:
    try:
        assert read_status(data) >= 0
    except CheckFailed as error:
        assert error.reason is Reason.PROTOCOL_ERROR


def test_wrong_settings_are_named() -> None:
    wrong = GrpcCheck(hostname="127.1", port=1, metadata={"te": "x", "b": "secret\n"})
    told = list(wrong.problems())
    assert [problem.field for problem in told] == ["hostname", "metadata", "metadata"]
    assert not any("secret" in problem.message for problem in told)
