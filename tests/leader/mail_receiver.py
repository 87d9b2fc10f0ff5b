"""A real mail server on loopback that keeps what it gets."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

import anyio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from anyio.abc import SocketAttribute, SocketStream


class Mailbox:
    """What came in. `answers` are replies to `mail`, `rcpt`, `data`, or to one recipient."""

    def __init__(self) -> None:
        self.port = 0
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logins: list[tuple[str, str]] = []
        self.answers: dict[str, str] = {}
        self.breaks_off = False

    def mails(self) -> list[EmailMessage]:
        found = []
        for envelope in self.envelopes:
            assert isinstance(envelope.content, bytes)
            mail = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            found.append(mail)
        return found

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, self.answers.get("rcpt", "250 OK"))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.breaks_off:
            assert server.transport is not None
            server.transport.close()
            return "250 OK"
        self.envelopes.append(envelope)
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return self.answers.get("data", "250 OK")


@asynccontextmanager
async def mail_receiver(
    *,
    tls: ssl.SSLContext | None = None,
    tls_from_start: bool = False,
    login: tuple[str, str] | None = None,
    login_in_clear: bool = False,
) -> AsyncIterator[Mailbox]:
    """A mail server; `tls` offers STARTTLS or is there from the start, `login` is the one that is accepted."""
    mailbox = Mailbox()

    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        mailbox.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=mailbox.logins[-1] == login, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=None if tls_from_start else tls,
            authenticator=check if login else None,
            auth_required=login is not None and not login_in_clear,
            auth_require_tls=not login_in_clear,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=tls if tls_from_start else None
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mailbox


class Silence:
    """A server that accepts and says nothing."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected = anyio.Event()
        self.disconnected = anyio.Event()

    async def serve(self, stream: SocketStream) -> None:
        async with stream:
            self.connected.set()
            try:
                while True:
                    await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                self.disconnected.set()


@asynccontextmanager
async def silent_server() -> AsyncIterator[Silence]:
    """A server on loopback that never speaks, and notices when it is left."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    server = Silence(listener.extra(SocketAttribute.local_port))
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.serve)
        yield server
        tasks.cancel_scope.cancel()
