"""ssh: banner and host key of a real server, and of some that are none."""

import asyncssh
import pytest
from anyio.abc import ByteStream
from asyncssh.kex import get_kex_algs
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import (
    Handler,
    closing,
    greeting,
    look_at,
    serve,
    silent,
)
from tests.ports import free_port
from uptop_core import CheckFailed, Condition, Outcome, Reason
from uptop_core.checks.ssh import SshCheck
from uptop_core.prober.ssh import _Reader

pytestmark = pytest.mark.anyio

ED25519 = asyncssh.generate_private_key("ssh-ed25519")
ECDSA = asyncssh.generate_private_key("ecdsa-sha2-nistp384")
BANNER = b"SSH-2.0-dropbear\r\n"


async def ask_server(*, kex_algs: list[str] | None = None, **settings: object) -> Outcome:
    """Ask a real server with two keys."""
    algorithms = {} if kex_algs is None else {"kex_algs": kex_algs}
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[ED25519, ECDSA], server_version="Real_1", **algorithms
    )
    check = SshCheck(hostname="127.0.0.1", port=server.get_port(), **settings)  # type: ignore[arg-type]  # one of its fields
    try:
        return await look_at(check)
    finally:
        server.close()
        await server.wait_closed()


async def ask(handler: Handler, **settings: object) -> Outcome:
    async with serve(handler) as server:
        check = SshCheck(hostname="127.0.0.1", port=server.port, **settings)  # type: ignore[arg-type]  # one of its fields
        return await look_at(check, timeout=1.0)


def packet(payload: bytes) -> bytes:
    padding = 12 - (len(payload) + 9) % 8
    return (len(payload) + padding + 1).to_bytes(4) + bytes([padding]) + payload + bytes(padding)


def offering(exchanges: bytes, keys: bytes) -> bytes:
    """A server's KEXINIT, as far as it is read."""
    named = len(exchanges).to_bytes(4) + exchanges + len(keys).to_bytes(4) + keys
    return packet(b"\x14" + bytes(16) + named + bytes(8 * 4 + 5))


def after_banner(*packets: bytes) -> Handler:
    async def handle(stream: ByteStream) -> None:
        await stream.send(BANNER + b"".join(packets))
        while True:
            await stream.receive()

    return handle


async def test_a_server_that_shows_its_key_is_up_and_both_are_facts() -> None:
    conditions = (
        Condition('json(banner) == "SSH-2.0-Real_1"'),
        Condition('json(key_type) == "ssh-ed25519"'),
        Condition(f'json(fingerprint) == "{ED25519.get_fingerprint()}"'),
    )
    outcome = await ask_server(expect="Real_1", conditions=conditions)
    assert outcome.up, outcome.detail
    assert outcome.timings.first_byte_ns


async def test_the_key_of_the_wanted_type_is_compared() -> None:
    fingerprint = ECDSA.get_fingerprint()
    assert (await ask_server(key_type="ecdsa", fingerprint=fingerprint)).up
    other = await ask_server(fingerprint=fingerprint)
    assert other.reason is Reason.UNEXPECTED_ANSWER
    assert f"(ssh-ed25519) has the fingerprint {ED25519.get_fingerprint()}" in other.detail


# What it warns of is that asyncssh still knows this one, too.
@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize(
    "exchange",
    [
        "mlkem768x25519-sha256", "curve448-sha512", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512", "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group1-sha1",
    ],
)  # fmt: skip
async def test_another_key_exchange_will_do(exchange: str) -> None:
    if exchange.encode() not in get_kex_algs():
        pytest.skip("this asyncssh does not know it")
    outcome = await ask_server(kex_algs=[exchange], fingerprint=ED25519.get_fingerprint())
    assert outcome.up, outcome.detail


async def test_a_server_without_the_wanted_key_is_down() -> None:
    outcome = await ask_server(key_type="rsa")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert "no such host key; it offers ssh-ed25519" in outcome.detail


async def test_the_banner_alone_will_do_and_may_follow_other_lines() -> None:
    handler = greeting(b"Welcome\r\nto this host\r\n" + BANNER)
    assert (await ask(handler, host_key=False)).up
    outcome = await ask(handler, host_key=False, expect="OpenSSH")
    assert outcome.reason is Reason.UNEXPECTED_ANSWER
    assert '"OpenSSH" is not in the banner "SSH-2.0-dropbear"' in outcome.detail


@pytest.mark.parametrize(
    ("handler", "reason", "words"),
    [
        (greeting(b"SSH-1.5-old\r\n"), Reason.PROTOCOL_ERROR, "too old"),
        (greeting(b"220 mail\r\n" * 60), Reason.PROTOCOL_ERROR, 'banner of an SSH server: "220'),
        (
            greeting(b"Exceeded MaxStartups\r\n"),
            Reason.PROTOCOL_ERROR,
            'found "Exceeded MaxStartups", then the end of the connection',
        ),
        (after_banner(b"GET / HTTP/1.1\r\n"), Reason.PROTOCOL_ERROR, "not a packet of SSH"),
        (after_banner(packet(b"\x63" * 20)), Reason.PROTOCOL_ERROR, "does not exchange keys"),
        (after_banner(packet(b"\x14" * 12)), Reason.PROTOCOL_ERROR, "cut short"),
        (
            after_banner(packet(b"\x01\0\0\0\x02\0\0\0\x04full\0\0\0\0")),
            Reason.UNEXPECTED_ANSWER,
            'disconnects: "full"',
        ),
        (
            after_banner(packet(b"\x02" + bytes(9)), offering(b"magic", b"ssh-ed25519")),
            Reason.PROTOCOL_ERROR,
            "no key exchange in common; the server offers magic",
        ),
        (closing, Reason.PROTOCOL_ERROR, "without an answer"),
        (silent, Reason.TIMEOUT, "no answer within 1 s"),
    ],
)
async def test_a_target_that_is_no_ssh_server_is_down(
    handler: Handler, reason: Reason, words: str
) -> None:
    outcome = await ask(handler)
    assert outcome.reason is reason
    assert words in outcome.detail


async def test_nobody_and_a_private_target_are_told_apart() -> None:
    nobody = SshCheck(hostname="127.0.0.1", port=free_port())
    assert (await look_at(nobody)).reason is Reason.CONNECT_REFUSED
    blocked = await look_at(SshCheck(hostname="localhost"), allow_private=False)
    assert blocked.reason is Reason.BLOCKED_TARGET


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_apart_or_are_the_one_error(data: bytes) -> None:
    reader = _Reader(data)
    try:
        while True:
            reader.names()
    except CheckFailed as error:
        assert error.reason is Reason.PROTOCOL_ERROR


def test_wrong_settings_are_named() -> None:
    wrong = SshCheck(hostname="127.1", fingerprint="MD5:00:11", host_key=False)
    assert [one.field for one in wrong.problems()] == ["hostname", "fingerprint", "host_key"]
    right = SshCheck(hostname="a.example", fingerprint=ED25519.get_fingerprint())
    assert not list(right.problems())
