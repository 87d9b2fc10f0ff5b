"""A DNS server on 127.0.0.1, UDP and TCP on one port, that answers as a test scripts it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Protocol

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Answer = dns.message.Message | bytes | None


class Script(Protocol):
    """What to answer: messages or raw bytes, in order; `tcp` says which way it was asked."""

    def __call__(self, query: dns.message.Message, tcp: bool) -> list[Answer]: ...


def answering(*records: str, rcode: str = "NOERROR") -> Script:
    """Answers with `records` ("name ttl type data"), whatever is asked."""

    def script(query: dns.message.Message, tcp: bool) -> list[Answer]:
        return [reply(query, *records, rcode=rcode)]

    return script


def reply(query: dns.message.Message, *records: str, rcode: str = "NOERROR") -> dns.message.Message:
    """An answer to `query`."""
    answer = dns.message.make_response(query)
    answer.set_rcode(dns.rcode.from_text(rcode))
    for record in records:
        name, ttl, kind, data = record.split(maxsplit=3)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return answer


def truncated(query: dns.message.Message) -> dns.message.Message:
    """An answer that says there is more than fits."""
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.TC
    return answer


class DnsListener:
    """Runs in threads until closed; `asked` are the questions as text."""

    def __init__(self, script: Script, tcp: bool = True, port: int = 0) -> None:
        self.asked: list[str] = []
        self._script = script
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._bind(port)
        if tcp:
            self._tcp.listen()
        serving = [self._serve_udp, self._serve_tcp] if tcp else [self._serve_udp]
        self._threads = [threading.Thread(target=serve) for serve in serving]
        for thread in self._threads:
            thread.start()

    def _bind(self, port: int) -> None:
        """One port that is free for both, or the one that is wanted."""
        for _ in range(50):
            self._tcp.bind(("127.0.0.1", port))
            with contextlib.suppress(OSError):
                self._udp.bind(self._tcp.getsockname())
                break
            self._tcp.close()
            self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.port = int(self._udp.getsockname()[1])

    @property
    def address(self) -> str:
        """As `dns_server` takes it."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop; returns when both threads are gone."""
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)
        self._udp.sendto(b"", self._udp.getsockname())
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()

    def _serve_udp(self) -> None:
        while True:
            wire, client = self._udp.recvfrom(4096)
            if not wire:
                return
            for answer in self._answers(wire, tcp=False):
                self._udp.sendto(answer, client)

    def _serve_tcp(self) -> None:
        while True:
            try:
                stream, _ = self._tcp.accept()
            except OSError:
                return
            with stream, stream.makefile("rb") as reader:
                size = int.from_bytes(reader.read(2), "big")
                for answer in self._answers(reader.read(size), tcp=True):
                    stream.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answers(self, wire: bytes, tcp: bool) -> Iterator[bytes]:
        query = dns.message.from_wire(wire)
        self.asked.append(f"{'tcp' if tcp else 'udp'} {query.question[0]}")
        for answer in self._script(query, tcp):
            if answer is not None:
                size = 65_535 if tcp else 0  # over TCP what EDNS says of sizes means nothing
                yield answer if isinstance(answer, bytes) else answer.to_wire(max_size=size)


@contextlib.contextmanager
def dns_listener(script: Script, tcp: bool = True, port: int = 0) -> Iterator[DnsListener]:
    """A listener for the length of a block."""
    listener = DnsListener(script, tcp, port)
    try:
        yield listener
    finally:
        listener.close()
