"""Prometheus blackbox_exporter as a peer: a real one, asked over HTTP as Prometheus asks it.

Its own HTTP answer is part of its work, as reporting is of ours; the asking is another process's.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks._children import free_port, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks._children import Child
    from benchmarks._ways import Way

ABSENT = "blackbox_exporter: absent"
_PROGRAMS = ("prometheus-blackbox-exporter", "blackbox_exporter")
_AT_ONCE = 10
_CONFIGURATION = """
modules:
  http: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  https:
    prober: http
    timeout: 5s
    http: {preferred_ip_protocol: ip4, tls_config: {insecure_skip_verify: true}}
  tcp: {prober: tcp, timeout: 5s, tcp: {preferred_ip_protocol: ip4}}
  icmp: {prober: icmp, timeout: 5s, icmp: {preferred_ip_protocol: ip4}}
  dns:
    prober: dns
    timeout: 5s
    dns: {query_name: www.example.com, query_type: A, preferred_ip_protocol: ip4}
"""


class Exporter:
    """One that runs."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self._port = port

    def way(self, module: str, target: str) -> Way:
        """As many probes of `target` as wanted, as fast as it can."""
        return lambda count: self.probe(module, target, count)

    def probe(self, module: str, target: str, count: int, per_second: float | None = None) -> float:
        """CPU seconds of so many probes, after some to warm up."""
        path = f"/probe?module={module}&target={quote(target, safe='')}"
        asyncio.run(self._ask(path, 20, None))
        before = self.child.cpu_s()
        asyncio.run(self._ask(path, count, per_second))
        return self.child.cpu_s() - before

    async def _ask(self, path: str, count: int, per_second: float | None) -> None:
        numbers, began = iter(range(count)), time.monotonic()

        async def asker() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            for number in numbers:
                if per_second is not None:
                    await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
                writer.write(f"GET {path} HTTP/1.1\r\nHost: exporter\r\n\r\n".encode())
                answer = await _answer(reader)
                if b"\nprobe_success 1\n" not in answer:
                    raise RuntimeError(f"blackbox_exporter did not find {path} up")
            writer.close()
            await writer.wait_closed()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE if per_second is None else 1):
                tasks.create_task(asker())


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer, with its length told or in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" not in head:
        return await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


@contextmanager
def exporter() -> Iterator[Exporter | None]:
    """A running one; None when it is not installed."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        configuration, port = Path(folder, "modules.yml"), free_port()
        configuration.write_text(_CONFIGURATION)
        command = [
            *(program, f"--config.file={configuration}", "--log.level=error"),
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with running(command) as child:
            wait_for(lambda: _listens(port), 10, "blackbox_exporter listens")
            yield Exporter(child, port)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
