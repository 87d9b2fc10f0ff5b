"""email: a mail through an SMTP server.

A password only travels encrypted to a host whose certificate was verified, or to this machine.
Without a password encryption is taken when it is offered (RFC 3207, RFC 7435). The `Message-ID` is
made of the message's key, so that a mailbox can tell a repeat; `References` keeps the mails of one
incident together (RFC 5322, 3.6.4).
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import getaddresses, parseaddr
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta, field

from uptop_core.errors import DeliveryError, Problem
from uptop_leader.provider import Provider, address_problems, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptop_leader.messages import Message, Rendered
    from uptop_leader.post import Http

_TLS_PORT, _SUBMISSION_PORT = 465, 587
_STEP_TIMEOUT_S = 20.0  # ends a thread that was left alone; the caller's deadline comes first
_GOODBYE_S = 1.0
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Email(Provider, tag="email", frozen=True, kw_only=True, omit_defaults=True):
    """Sends from `from` to the comma-separated `to` through `host`; `user` and `pass` to log in.

    Port 465 uses TLS from the start, 587 uses STARTTLS, other ports STARTTLS if it is offered.
    """

    example: ClassVar[str] = (
        'host: mail.example.com, port: 587, user: uptop, pass: "${MAIL_PASSWORD}", from: uptop@example.com, to: "ops@example.com, boss@example.com"'
    )

    secrets: ClassVar[tuple[str, ...]] = ("pass",)
    idempotent: ClassVar[bool] = True

    host: str
    sender: str = field(name="from")
    to: str
    port: Annotated[int, Meta(ge=1, le=65_535)] = _SUBMISSION_PORT
    user: str = ""
    password: str = field(name="pass", default="")

    def problems(self) -> Iterator[Problem]:
        """A host that is none, addresses that are none, half of a login."""
        if not re.fullmatch(r"[0-9A-Za-z._-]+|(?=.*:.*:)[0-9A-Fa-f:.]+(%\w+)?", self.host):
            yield Problem("host", "must be the name or address of a mail server, without a port")
        yield from address_problems("from", self.sender)
        if len(getaddresses([self.sender])) > 1:
            yield Problem("from", "must be one mail address")
        yield from address_problems("to", self.to)
        if bool(self.user) != bool(self.password):
            missing = "pass" if self.user else "user"
            yield Problem(missing, "user and pass are needed together, or neither")
        if not (self.user + self.password).isascii():
            yield Problem("pass", "user and pass can have ASCII characters only")

    async def send(
        self,
        message: Message,
        rendered: Rendered,
        http: Http,  # noqa: ARG002  every provider's signature
    ) -> None:
        """One mail to all recipients, in a thread, because the protocol is spoken by smtplib."""
        try:
            mail = self._mail(message, rendered)
        except (ValueError, LookupError, AttributeError):  # how the email package says "malformed"
            raise DeliveryError("the addresses cannot be put into a mail", permanent=True) from None
        client = _Client(self)
        await in_thread(lambda: _Delivery(self, client).run(mail), client.abort)

    def recipients(self) -> list[str]:
        """The bare addresses of `to`."""
        return [address for _, address in getaddresses([self.to])]

    @property
    def tls_from_start(self) -> bool:
        """Whether TLS comes before the first word (RFC 8314)."""
        return self.port == _TLS_PORT

    def domain(self) -> str:
        """The domain of the sender's address."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    def _mail(self, message: Message, rendered: Rendered) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["Subject"] = rendered.title
        mail["From"] = self.sender
        mail["To"] = self.to
        mail["Date"] = datetime.fromtimestamp(message.at // 1000, UTC)
        mail["Message-ID"] = self._id(message.key)
        if message.incident:
            mail["References"] = self._id(message.incident)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        mail.set_content(rendered.body + "\n", cte="quoted-printable")
        return mail

    def _id(self, of: str) -> str:
        return f"<{hashlib.sha256(of.encode()).hexdigest()[:40]}@{self.domain()}>"


class _Client(smtplib.SMTP):
    """The library's client, which another thread may `abort` (not inside STARTTLS's handshake)."""

    def __init__(self, settings: Email) -> None:
        # The sender's domain as our name: the machine's own may take a slow lookup.
        super().__init__(local_hostname=settings.domain(), timeout=_STEP_TIMEOUT_S)
        # The name that certificates are checked against. Given to the constructor, it would connect
        # there.
        self._host = settings.host
        self._tls_from_start = settings.tls_from_start
        self._aborted = False
        self.verified: ssl.SSLContext | None = None

    def abort(self) -> None:
        """End the conversation from outside."""
        self._aborted = True
        if self.sock is not None:
            with suppress(OSError):
                # Not SSLSocket.shutdown: it would pull the TLS state from under the thread.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """How the library opens a connection; its own TLS client overrides this method too."""
        connection = self.sock = socket.create_connection((host, port), timeout)
        if not self._tls_from_start or self.verified is None:
            self._stop_if_aborted()
            return connection
        secured = self.sock = self.verified.wrap_socket(
            connection, server_hostname=host, do_handshake_on_connect=False
        )
        self._stop_if_aborted()
        secured.do_handshake()
        return secured

    def _stop_if_aborted(self) -> None:
        """An `abort` before there was a socket is seen here; any later one finds the socket."""
        if self._aborted:
            raise ConnectionAbortedError


class _Delivery:
    """One delivery, spoken in a thread."""

    def __init__(self, settings: Email, client: _Client) -> None:
        self._settings = settings
        self._client = client
        self._sending = False

    def run(self, mail: EmailMessage) -> None:
        """Connect, secure, log in, send, say goodbye."""
        settings = self._settings
        server = self._client
        verified = server.verified = ssl.create_default_context()
        try:
            server.connect(settings.host, settings.port)
            self._secure(verified)
            if settings.password:
                server.login(settings.user, settings.password)
            self._transmit(mail)
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryError("the mail server offers no login", permanent=True) from None
        except UnicodeError:
            raise DeliveryError("the host or the login is malformed", permanent=True) from None
        except (OSError, smtplib.SMTPException) as error:
            what = f"the mail server did not go along: {type(error).__name__}"
            raise DeliveryError(what, unknown=self._sending) from None
        finally:
            server.close()

    def _secure(self, verified: ssl.SSLContext) -> None:
        server, settings = self._client, self._settings
        server.ehlo()
        if settings.tls_from_start:
            return
        must = settings.port == _SUBMISSION_PORT or bool(settings.password)
        if server.has_extn("starttls"):
            server.starttls(context=verified if must else _unverified())
            server.ehlo()
        elif must and settings.host.lower() not in _THIS_MACHINE:
            raise DeliveryError(
                f"the mail server offers no encryption (STARTTLS) at port {settings.port}",
                permanent=True,
            )

    def _transmit(self, mail: EmailMessage) -> None:
        server = self._client
        self._accept(server.mail(parseaddr(self._settings.sender)[1]))
        wanted = self._settings.recipients()
        refused = [answer for answer in map(server.rcpt, wanted) if answer[0] not in (250, 251)]
        if len(refused) == len(wanted):
            raise self._refused(*refused[0])
        self._sending = True
        answer = server.data(mail.as_bytes())
        self._sending = False
        self._accept(answer)
        self._leave()
        if refused:
            raise self._partly(len(refused), len(wanted), *refused[0])

    def _leave(self) -> None:
        """Say goodbye, but not for long: the mail is delivered, and must not look as if it hung."""
        with suppress(OSError, smtplib.SMTPException):
            if self._client.sock is not None:
                self._client.sock.settimeout(_GOODBYE_S)
            self._client.quit()

    def _accept(self, answer: tuple[int, bytes]) -> None:
        if answer[0] != 250:
            raise self._refused(*answer)

    def _partly(self, refused: int, wanted: int, code: int, said: bytes) -> DeliveryError:
        """Some have the mail. When the rest may get it later, all are tried again: the same ID."""
        why = self._refused(code, said)
        what = f"{refused} of {wanted} recipients were refused: {why}"
        return DeliveryError(what, permanent=why.permanent, unknown=not why.permanent)

    def _refused(self, code: int, said: bytes | str) -> DeliveryError:
        text = said if isinstance(said, str) else said.decode("utf-8", "replace")
        what = f"the mail server answered {code}: {self._settings.scrub(text)}"
        return DeliveryError(what, permanent=500 <= code < 600)


def _unverified() -> ssl.SSLContext:
    """Better than plain text, which is what would be sent otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
