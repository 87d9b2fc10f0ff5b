"""What nodes say to each other (DESIGN 8): JSON over HTTP, one struct per message.

Readers ignore fields they do not know, so a newer peer may add some. What has a default may be
left out: the small form is complete. Times are Unix milliseconds UTC unless the name says
otherwise. Old messages are kept in `tests/core/golden` and stay readable.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from uptop_core.kinds import AnyCheck
from uptop_core.outcomes import FailedCondition, Timings

PROTOCOL = 1
SECRET_HEADER = "X-Upkeep-Secret"  # noqa: S105  the name of a header, not a secret
SECRET_HEADER_ALIAS = "X-Uptop-Secret"  # noqa: S105
PROTOCOL_HEADER = "Uptop-Protocol"
POLL_HEADER = "Uptop-Poll"  # a follower's question of who leads
SIGHTING_HEADER = "Uptop-Sighting"  # what a probe saw of the other one of two peers
BODY_LIMIT = 1024 * 1024  # bytes of a results body, unpacked
RESULTS_LIMIT = 5000  # results in one body

# `WireResult.proof`: what showed, after a network failure, that the node's own line works.
HOST_PROOF = "host"  # another host or a canary answered
LEADER_PROOF = "leader"  # only the leader did
NO_PROOF = "none"  # nothing did: the failure is history and no vote

# Numbers from outside that no database and no other reader could hold are refused here.
_LARGEST = 2**53 - 1
Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
Moment = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]

Word = Annotated[str, Meta(max_length=300)]
"""A name or an id from outside: a host has up to 253 characters, and nothing else is longer."""

NodeId = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")]


class Registration(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """probe → leader: who I am. `instance` names one process start; `kinds` what I can run."""

    id: NodeId
    name: Word = ""
    region: Word = ""
    version: Word = ""
    instance: Word = ""
    kinds: Annotated[tuple[Word, ...], Meta(max_length=300)] = ()


class Registered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """leader → probe: the node as the leader knows it now."""

    id: str
    name: str
    region: str
    now: int


class Assignment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One monitor given to one node: only what the node needs to run it. Times in seconds.

    `phase` in [0, 1) places its ticks within the interval. `soon` asks for a first check within
    min(interval, 30 s) because it was never judged, or was just changed.
    """

    id: str
    name: str
    check: AnyCheck
    interval: float = 60.0
    timeout: float = 5.0
    phase: float = 0.0
    soon: bool = False
    keep_body: bool = False


class Recheck(Struct, frozen=True):
    """A request to run one monitor now, outside its schedule; `id` names the round."""

    id: str
    monitor_id: str


class Assignments(Struct, frozen=True, kw_only=True):
    """leader → probe: all assignments of the node, and the rechecks that are open for it."""

    monitors: tuple[Assignment, ...] = ()
    recheck: tuple[Recheck, ...] = ()


class Rechecks(Struct, frozen=True, kw_only=True):
    """leader → probe: the open rechecks alone, to a node that has its monitors and said that it
    takes such an answer."""

    recheck: tuple[Recheck, ...] = ()


class WireResult(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One result. The small form is `monitor_id` (or `site_id`), `latency_ns`, `is_up`,
    `error_reason` (words for people); its vote counts from the time of receipt.

    `seq` counts per (node, instance), from 1. `checked_at` is when the check began on the node's
    wall clock, `age_ms` how long ago that was by its monotonic clock when the batch was sent.
    `reason` is a `Reason` value; one that is not known counts as `internal_error` when the result
    is not up. `recheck` is the id of the recheck it answers. `proof` stands where a network failure
    needed one; a node that has too little to look at (fewer than three hosts) leaves it out.
    """

    monitor_id: str = ""
    site_id: str = ""
    latency_ns: Count = 0
    is_up: bool
    error_reason: str | None = None
    seq: Annotated[int, Meta(ge=1, le=_LARGEST)] | None = None
    checked_at: Moment | None = None
    age_ms: Count | None = None
    reason: Word | None = None
    timings: Timings | None = None
    status_code: Count | None = None
    address: Word | None = None
    cert_end: Moment | None = None
    failed: tuple[FailedCondition, ...] = ()
    sample: str | None = None
    proof: Word | None = None
    recheck: Word | None = None

    @property
    def monitor(self) -> str:
        """The monitor's id, whichever name it came under."""
        return self.monitor_id or self.site_id


class Canaries(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many canaries a node has, and what they said when it asked last, `age_ms` ago (None: it
    never did since its start): `up` answered, `failed` did not, the rest was not waited for.

    They are asked only where a network failure needs proof, and not named: a URL may hold a secret.
    """

    count: Count
    up: Count = 0
    failed: Count = 0
    age_ms: Count | None = None


class ResultsBatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """probe → leader: results, kept by the probe until acknowledged.

    The results are decoded one by one (`decode_result`), so that a bad one is refused by name
    while the rest is taken. Since the last batch: `dropped` counts results lost to a full spool,
    `missed` ticks that could not start in time, and `lag_ms` is the worst delay of those that did.
    What is told since the last batch is told again when its acknowledgement was lost, so the
    `…_total` count since the start of the instance. `lost_ages_ms` are the ages of the oldest and
    the newest result that was lost to a full spool.

    `offset_ms` is how far the node's wall clock is ahead of this leader's, as the node measured it
    in earlier exchanges, and `rtt_ms` the round trip of the one it trusts most. `waiting` is how
    many results stay behind in the spool after this batch.
    """

    node_id: NodeId
    results: tuple[msgspec.Raw, ...] = ()
    instance: Word = ""
    sent_at: Moment | None = None
    dropped: Count = 0
    missed: Count = 0
    lag_ms: Count = 0
    stopping: bool = False
    offset_ms: Moment | None = None
    rtt_ms: Count | None = None
    dropped_total: Count | None = None
    missed_total: Count | None = None
    lost_ages_ms: tuple[Count, Count] | None = None
    waiting: Count | None = None
    canaries: Canaries | None = None


class Rejected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One result that was not taken: its place in the batch, its seq if it had one, and why."""

    index: int
    seq: int | None = None
    monitor_id: str = ""
    why: str


class ResultsAnswer(Struct, frozen=True, kw_only=True):
    """leader → probe, after the commit. Only this, with `ok` true, acknowledges.

    `have` is the highest seq below which nothing is missing, per instance; `now` the leader's
    clock.
    """

    ok: bool
    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...] = ()
    have: dict[str, int] = {}
    now: int


class CopyHealth(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a follower's copy of its leader is: everything was there `age_ms` ago (None: never since
    the start), `behind` changes are known to be missing, and `trouble` says why it cannot copy.
    """

    age_ms: int | None = None
    behind: int = 0
    trouble: str = ""


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`GET /api/health`: 200 with status ok, or 503 with the reason.

    The first four are always written, for who looks for them in the text: a load balancer.
    `epoch` is the highest it has heard of. Of a leader that has a follower `phase` tells how far it
    is: active, waiting, returning or unfit. To who has the cluster secret: `why` it acts or stands
    by, `copy` how its copy of the leader is, and `token` for the follower's next poll.
    """

    status: str
    role: str = field(default_factory=lambda: "leader")  # a made default is not left out
    active: bool = field(default_factory=lambda: True)
    epoch: int = field(default_factory=lambda: 0)
    reason: str = ""
    phase: str = ""
    token: str = ""
    why: str = ""
    copy: CopyHealth | None = None


class PeerPoll(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """follower → leader, with each poll: who asks, its epoch, whether it is active, and the token
    of the answer before.
    """

    id: NodeId
    epoch: Count
    active: bool = False
    token: Annotated[str, Meta(max_length=100)] = ""


class PeerSighting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """probe → one of two peers: what it saw of the other one, so many milliseconds ago.

    `waits` says that it is up, and waits for its follower's word; `node` is who says this.
    """

    age_ms: Count
    epoch: Count = 0
    active: bool = False
    waits: bool = False
    node: Annotated[str, Meta(max_length=100)] = ""


class ErrorAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every 4xx and 5xx of the API carries (RFC 9457); `code` is a short stable word."""

    status: int
    title: str
    detail: str = ""
    code: str = ""
    type: str = "about:blank"
    problems: tuple[dict[str, str], ...] = ()


decode_result = msgspec.json.Decoder(WireResult).decode
decode_batch = msgspec.json.Decoder(ResultsBatch).decode
