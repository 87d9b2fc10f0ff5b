"""Row 5: what answers in the leader's place is a proxy with a page, or refuses, or breaks off."""

from __future__ import annotations

import msgspec

from tests.system.faults.fault import (
    Fault,
    Ground,
    assert_all_looks_stored,
    watched,
)
from tests.system.gateway import HALVE_ANSWER, say
from tests.system.waiting import until

_PAGE = b"<html><body>Welcome to the captive portal</body></html>"
_REFUSED = b'{"status":401,"title":"Unauthorized","detail":"the cluster secret is wrong"}'


async def run(ground: Ground) -> str:
    town = ground.town
    gateway = await town.gateway()
    site = await watched(ground, "west", peer=gateway.url)
    gateway.acts = [
        say(200, _PAGE, "text/html"),
        say(200, b'{"ok":false,"accepted":1,"duplicates":0,"now":0}'),
        say(500, b"oops", "text/plain"),
        HALVE_ANSWER,
        say(413, b"too large", "text/plain"),
    ]
    acts = len(gateway.acts)
    await until("all but 413 was said", lambda: len(gateway.acts) == 1, 60)
    passed = len(gateway.passed)
    await until("less was sent after 413", lambda: len(gateway.passed) > passed, 60)
    whole, less = _size(gateway.withheld[-1]), _size(gateway.passed[passed])
    assert less == whole // 2, f"{less} results after 413 for {whole}"

    gateway.acts = [say(401, _REFUSED)]
    await until("401 was said", lambda: "answered 401" in town.probes["west"].said(), 60)
    await town.probes["west"].stop()
    said = town.probes["west"].said()
    assert "ERROR the leader refuses this node" in said, "401 is not loud"
    assert "dropped" not in said
    assert_all_looks_stored(town, site.target)
    rows = len(town.history.results())
    return (
        f"{acts + 1} answers that acknowledge nothing; {rows} rows of {rows} looks;"
        f" {less} results sent after 413 for {whole}; 401 is an ERROR"
    )


def _size(batch: bytes) -> int:
    return len(msgspec.json.decode(batch)["results"])


FAULT = Fault(
    row="5",
    name="strange-answers",
    what="200 with a proxy's HTML, ok false, 500, half a body, 413, 401",
    expected="nothing is taken for acknowledged; halved on 413; loud on 401",
    run=run,
)
