"""The engine on both loops that the program runs on: the same outcomes, with all their fields."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.listeners import answering, authority, look_at, serve, silent
from uptop_core import HttpCheck, PortCheck, Reason

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

WITHOUT_HTTPTOOLS = """
import asyncio, sys
sys.modules["httptools"] = None
from uptop_core import HttpCheck, PortCheck, Vantage, run_check
here = Vantage(allow_private=True)
for check in HttpCheck(url=sys.argv[1]), PortCheck(hostname="127.0.0.1", port=int(sys.argv[2])):
    outcome = asyncio.run(run_check(check, vantage=here))
    assert outcome.up, outcome
assert "uptop_core.prober.http_by_httpx" in sys.modules
assert "uvloop" not in sys.modules
"""


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops."""
    return "asyncio", {"use_uvloop": request.param}


async def test_http_is_asked_and_timed() -> None:
    async with serve(answering(OK, pause_s=0.01)) as server:
        outcome = await look_at(HttpCheck(url=f"http://localhost:{server.port}/"))
    timings = outcome.timings
    assert (outcome.up, outcome.status_code, outcome.address) == (True, 200, "127.0.0.1")
    phases = (timings.dns_ns, timings.connect_ns, timings.first_byte_ns, timings.transfer_ns)
    assert all(phase is not None for phase in phases)
    assert timings.total_ns == sum(phase for phase in phases if phase is not None)


async def test_https_is_asked_and_timed(tmp_path: Path) -> None:
    ca_file = authority().write(tmp_path)
    async with serve(answering(OK), tls=authority().context("127.0.0.1")) as server:
        check = HttpCheck(
            url=f"https://127.0.0.1:{server.port}/", method="POST", body="x" * 300_000
        )
        outcome = await look_at(check, ca_file=ca_file)
        refused = await look_at(check)
    assert outcome.up, outcome
    assert outcome.timings.tls_ns is not None
    assert refused.reason is Reason.TLS_ERROR
    assert outcome.chain == refused.chain
    assert outcome.chain[0].names == ("127.0.0.1",)


async def test_a_port_is_tried_and_a_silent_one_given_up() -> None:
    async with serve(silent) as server:
        check = PortCheck(hostname="127.0.0.1", port=server.port)
        assert (await look_at(check)).up
        outcome = await look_at(
            PortCheck(hostname="127.0.0.1", port=server.port, tls=True), timeout=0.2
        )
    assert outcome.reason is Reason.TIMEOUT


@pytest.mark.slow
def test_core_alone_asks_http_and_ports() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONUNBUFFERED": "1"},
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().split("port ")[1].split()[0]
            subprocess.run(
                [sys.executable, "-c", WITHOUT_HTTPTOOLS, f"http://127.0.0.1:{port}/", port],
                check=True,
                timeout=30,
            )
        finally:
            server.terminate()
