"""email: spoken with a real mail server, in the clear and over TLS."""

from __future__ import annotations

import email
import ssl
from email.message import Message as Mail
from email.policy import default
from pathlib import Path

import anyio
import pytest
import trustme

from tests.leader.mail_receiver import Mailbox, mail_receiver, silent_server
from tests.leader.receivers import (
    DEADLINE_S,
    DOWN,
    WORDS,
    assert_tells_no_secret,
    but,
    client,
    failure,
    send,
)
from uptop_core.errors import DeliveryError
from uptop_leader.messages import Rendered
from uptop_leader.providers.email import Email

pytestmark = pytest.mark.anyio


def to(mailbox: Mailbox, **more: object) -> Email:
    settings = {"to": "ops@example.com, Jo <jo@example.com>", **more}
    return Email(host="localhost", port=mailbox.port, sender="Uptop <up@example.org>", **settings)  # type: ignore[arg-type]  # of one test each


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts, as OpenSSL is told by its own variable."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def server_context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_a_mail_arrives_with_what_mailboxes_need() -> None:
    async with mail_receiver() as mailbox:
        await send(to(mailbox))
    (envelope,) = mailbox.envelopes
    assert envelope.mail_from == "up@example.org"
    assert envelope.rcpt_tos == ["ops@example.com", "jo@example.com"]
    assert isinstance(envelope.content, bytes)
    assert max(envelope.content) < 128
    mail = email.message_from_bytes(envelope.content, policy=default)
    assert mail["Subject"] == "DOWN: API"
    assert mail["From"] == "Uptop <up@example.org>"
    assert mail["To"] == "ops@example.com, Jo <jo@example.com>"
    assert mail["Date"] == "Fri, 02 Jan 2026 12:03:22 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert _text(mail) == WORDS.body + "\n"


async def test_a_repeat_has_the_same_id_and_an_up_belongs_to_its_down() -> None:
    async with mail_receiver() as mailbox:
        await send(to(mailbox))
        await send(to(mailbox), but(possible_repeat=True))
        await send(to(mailbox), but(event="up", key="k-up"))
    first, again, up = mailbox.mails()
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"].endswith("@example.org>")
    assert up["Message-ID"] != first["Message-ID"]
    assert up["References"] == first["References"]


async def test_a_subject_cannot_bring_a_header_along() -> None:
    async with mail_receiver() as mailbox:
        error = await _fails(to(mailbox), Rendered("DOWN\r\nBcc: evil@example.com", "x"))
        await send(to(mailbox), DOWN, Rendered("DOWN: Größe ×", "Bcc: x\n\n.\nQUIT\n"))
    assert error.permanent
    (mail,) = mailbox.mails()
    assert mail["Subject"] == "DOWN: Größe ×"
    assert mail["Bcc"] is None
    assert _text(mail) == "Bcc: x\n\n.\nQUIT\n\n"


async def test_a_login_over_starttls_is_accepted(authority: trustme.CA) -> None:
    async with mail_receiver(tls=server_context(authority), login=("joe", "SECRET")) as mailbox:
        await send(to(mailbox, user="joe", password="SECRET"))
        assert len(mailbox.envelopes) == 1
        assert mailbox.encrypted == [True]
        error = await failure(to(mailbox, user="joe", password="WRONG-SECRET"))
    assert error.permanent
    assert "535" in str(error)
    assert_tells_no_secret(error, ("WRONG-SECRET", "SECRET"))


async def test_a_password_is_not_sent_to_a_server_that_cannot_prove_its_name(
    authority: trustme.CA,
) -> None:
    context = server_context(authority, "elsewhere.example.com")
    async with mail_receiver(tls=context, login=("joe", "SECRET")) as mailbox:
        error = await failure(to(mailbox, user="joe", password="SECRET"))
    assert "SSLCertVerificationError" in str(error)
    assert mailbox.logins == []


class FromStart(Email, tag="from-start", frozen=True, kw_only=True):
    """As at port 465, where only an administrator may listen."""

    @property
    def tls_from_start(self) -> bool:
        return True


async def test_tls_from_the_start_checks_the_name_too(authority: trustme.CA) -> None:
    for name, arrived in (("localhost", 1), ("elsewhere.example.com", 0)):
        context = server_context(authority, name)
        async with mail_receiver(tls=context, tls_from_start=True) as mailbox:
            provider = FromStart(
                host="localhost", port=mailbox.port, sender="a@b.org", to="c@d.org"
            )
            if arrived:
                await send(provider)
            else:
                assert "SSLCertVerificationError" in str(await failure(provider))
        assert mailbox.encrypted == [True] * arrived


async def test_without_a_password_offered_encryption_is_taken_from_anybody() -> None:
    async with mail_receiver(tls=server_context(trustme.CA(), "other")) as mailbox:
        await send(to(mailbox))
    assert mailbox.encrypted == [True]


async def test_on_this_machine_a_password_needs_no_encryption() -> None:
    async with mail_receiver(login=("joe", "SECRET"), login_in_clear=True) as mailbox:
        await send(to(mailbox, user="joe", password="SECRET"))
    assert mailbox.logins == [("joe", "SECRET")]


async def test_elsewhere_a_password_is_not_sent_in_clear() -> None:
    async with mail_receiver(login=("joe", "SECRET"), login_in_clear=True) as mailbox:
        provider = Email(
            host="127.1",
            port=mailbox.port,
            sender="up@example.org",
            to="ops@example.com",
            user="joe",
            password="SECRET",
        )
        error = await failure(provider)
    assert error.permanent
    assert "offers no encryption" in str(error)
    assert mailbox.logins == []


async def test_a_server_that_offers_no_login_is_a_permanent_error() -> None:
    async with mail_receiver() as mailbox:
        error = await failure(to(mailbox, user="joe", password="SECRET"))
    assert (error.permanent, str(error)) == (True, "the mail server offers no login")


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [
        ({"data": "554 5.7.1 spam"}, True),
        ({"data": "451 4.3.0 later"}, False),
        ({"mail": "550 5.7.1 not you"}, True),
        ({"rcpt": "550 5.1.1 nobody"}, True),
        ({"rcpt": "450 4.2.0 greylisted"}, False),
    ],
)
async def test_a_refusal_is_permanent_or_not(answers: dict[str, str], permanent: bool) -> None:
    async with mail_receiver() as mailbox:
        mailbox.answers = answers
        error = await failure(to(mailbox))
    assert (error.permanent, error.unknown) == (permanent, False)
    assert str(error).startswith(f"the mail server answered {next(iter(answers.values()))[:3]}")


@pytest.mark.parametrize(("answer", "permanent"), [("550 nobody", True), ("450 later", False)])
async def test_a_recipient_that_is_refused_is_told_and_the_others_have_it(
    answer: str, permanent: bool
) -> None:
    async with mail_receiver() as mailbox:
        mailbox.answers = {"jo@example.com": answer}
        error = await failure(to(mailbox))
    assert mailbox.envelopes[0].rcpt_tos == ["ops@example.com"]
    assert str(error).startswith("1 of 2 recipients were refused: ")
    assert (error.permanent, error.unknown) == (permanent, not permanent)


async def test_a_server_that_breaks_off_while_it_takes_the_mail_may_have_it() -> None:
    async with mail_receiver() as mailbox:
        mailbox.breaks_off = True
        error = await failure(to(mailbox))
        port = mailbox.port
    assert (error.permanent, error.unknown) == (False, True)
    away = await failure(Email(host="127.0.0.1", port=port, sender="a@b.org", to="c@d.org"))
    assert (away.permanent, away.unknown) == (False, False)
    assert "ConnectionRefusedError" in str(away)


@pytest.mark.parametrize("kind", [Email, FromStart])
async def test_a_server_that_says_nothing_can_be_left_and_the_thread_ends(
    kind: type[Email],
) -> None:
    async with silent_server() as server:
        provider = kind(host="127.0.0.1", port=server.port, sender="a@b.org", to="c@d.org")
        with anyio.fail_after(DEADLINE_S):
            async with client() as http, anyio.create_task_group() as tasks:
                tasks.start_soon(provider.send, DOWN, WORDS, http)
                await server.connected.wait()
                tasks.cancel_scope.cancel()
            await server.disconnected.wait()


def test_settings_that_cannot_work_are_told() -> None:
    wrong = Email(host="fe:25", sender="a@b.org, c@d.org", to="nobody", user="joe")
    assert [problem.field for problem in wrong.problems()] == ["host", "from", "to", "pass"]
    half = Email(host="mx", sender="a@b.org", to="c@d.org", password="grün")
    assert [problem.field for problem in half.problems()] == ["user", "pass"]
    assert list(Email(host="::1", sender="A B <a@b.org>", to="c@d.org").problems()) == []


def _text(mail: Mail) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


async def _fails(provider: Email, rendered: Rendered) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(provider, DOWN, rendered)
    return caught.value
