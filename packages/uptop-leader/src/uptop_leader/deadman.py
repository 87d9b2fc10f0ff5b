"""The dead man's switch: a service elsewhere is pinged as long as this leader works, so that silence
there tells when uptop itself is dead."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

PING_S = 10.0  # how long one ping may take

log = logging.getLogger(__name__)


class DeadMansSwitch:
    """Asks `url` by GET every `seconds` while `is_well` says so. What it gets is told when it
    changes, without the URL: who has that can make the switch believe that all is well."""

    def __init__(
        self, url: str, seconds: float, is_well: Callable[[], bool], http: httpx.AsyncClient
    ) -> None:
        self._url = url
        self._seconds = seconds
        self._is_well = is_well
        self._http = http
        self._trouble = ""

    async def run(self) -> None:
        """Until cancelled. Nothing it meets ends it."""
        while True:
            if self._is_well():
                self._note(await self._ping())
            await anyio.sleep(self._seconds)

    async def _ping(self) -> str:
        """What is wrong with the answer; empty when nothing is."""
        try:
            with anyio.fail_after(PING_S):
                async with self._http.stream("GET", self._url, follow_redirects=True) as answer:
                    return "" if answer.is_success else f"it answered {answer.status_code}"
        except TimeoutError:
            return f"no answer within {PING_S:g} s"
        except Exception as error:  # noqa: BLE001  the switch must not stop what it watches over
            return f"no answer: {type(error).__name__}"

    def _note(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.error("the dead man's switch cannot be reached: %s", trouble)
        elif self._trouble and not trouble:
            log.info("the dead man's switch is reached again")
        self._trouble = trouble
