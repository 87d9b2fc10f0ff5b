"""Who looks at the animals: our two ways to ask, httpx as it comes, and curl."""

from __future__ import annotations

import gc
import shutil
import ssl
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import msgspec

from tests.core.zoo.animal import Animal, Cage
from uptop_core import HttpCheck, Vantage, run_check

CURL = shutil.which("curl")

Asker = Callable[[Animal, Cage, str], Awaitable[str]]
"""(animal, where it is, file of authorities) → the status and the last path, or why there is none.
"""


async def engine(animal: Animal, cage: Cage, ca_file: str) -> str:
    """The check as it runs."""
    return await _checked(HttpCheck(url=cage.url, **animal.ask), animal, cage, ca_file)


async def by_httpx(animal: Animal, cage: Cage, ca_file: str) -> str:
    """The check by our way through httpx's engine, which HTTP/2 asks for."""
    check = HttpCheck(url=cage.url, http2=True, **animal.ask)
    return await _checked(check, animal, cage, ca_file)


async def _checked(check: HttpCheck, animal: Animal, cage: Cage, ca_file: str) -> str:
    vantage = Vantage(allow_private=True, ca_file=ca_file)
    any_status = msgspec.structs.replace(check, accepted_codes="100-599")
    outcome = await run_check(any_status, timeout=animal.our_timeout_s, vantage=vantage)
    assert outcome.detail.isprintable(), outcome
    if outcome.reason is not None:
        return outcome.reason.value
    return f"{outcome.status_code} {await cage.last_path()}"


async def httpx_client(animal: Animal, cage: Cage, ca_file: str) -> str:
    """httpx.AsyncClient, told to follow redirects as often as we do."""
    try:
        return await _asked_by_httpx(animal, cage, ca_file)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ssl.SSLError, ExceptionGroup) as error:
        return type(error).__name__
    except TimeoutError:
        pass
    with warnings.catch_warnings():  # cut off in a handshake, it leaves its connection behind
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return "TimeoutError"


async def _asked_by_httpx(animal: Animal, cage: Cage, ca_file: str) -> str:
    context = ssl.create_default_context(cafile=ca_file)
    follow = animal.ask.get("follow_redirects", 10)
    with anyio.fail_after(animal.timeout_s):
        async with httpx.AsyncClient(
            follow_redirects=bool(follow), max_redirects=follow or 1, trust_env=False,
            verify=context, timeout=None,
        ) as client:  # fmt: skip
            answer = await client.request(
                animal.ask.get("method", "GET"),
                cage.url,
                content=animal.ask.get("body"),
                headers=animal.ask.get("headers"),
            )
    return f"{answer.status_code} {await cage.last_path()}"


async def curl(animal: Animal, cage: Cage, ca_file: str) -> str:
    """curl with the same wishes; its exit code where it got no answer."""
    assert CURL is not None
    method, body = animal.ask.get("method", "GET"), animal.ask.get("body")
    follow = animal.ask.get("follow_redirects", 10)
    given = [f"{name}: {value}" for name, value in animal.ask.get("headers", {}).items()]
    words: list[Any] = [
        CURL, "--disable", "--silent", "--noproxy", "*", "--compressed", "--globoff",
        "--max-time", animal.timeout_s, "--cacert", ca_file,
        *(["--location", "--max-redirs", follow] if follow else []),
        "--output", "/dev/null", "--write-out", "%{http_code}",
        *(["--head"] if method == "HEAD" else []),
        *(["--data-binary", "@-"] if method == "POST" else []),
        *(word for line in given for word in ("--header", line)),
        cage.url,
    ]  # fmt: skip
    done = await anyio.run_process(list(map(str, words)), input=(body or "").encode(), check=False)
    if done.returncode:
        return f"exit {done.returncode}"
    return f"{int(done.stdout)} {await cage.last_path()}"


ASKERS: dict[str, Asker] = {
    "by_httpx": by_httpx,
    "httpx": httpx_client,
    "curl": curl,
}
"""Those that are compared with the engine."""


def is_answer(found: str) -> bool:
    """Whether it is a status and a path."""
    return found[:3].isdecimal()
