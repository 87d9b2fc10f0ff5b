"""What people and programs find in a leader through its API and its export, without what moves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.system.cluster import Cluster
from tests.system.processes import run_command

Ask = Callable[[str], Awaitable[Any]]

_LISTS = (
    "channels", "incidents", "maintenance", "monitors", "node-keys", "nodes", "posts", "tokens",
    "transitions", "users",
)  # fmt: skip
_IN_FULL = ("channels", "incidents", "maintenance", "monitors")
_MOVING = {
    "status", "judged", "since", "error", "latency_ms", "uptime_24h", "covered_24h", "votes",
    "votes_up", "votes_fresh", "votes_expected", "rechecking", "push", "ranges", "by_region",
    "maintenance",
    "last_used", "key_used", "state", "heard", "address", "version", "kinds", "lag_ms", "missed",
    "troubles", "canaries", "waiting", "rtt_ms", "offset_ms", "left",
    "failed", "failing_since", "last_failed", "last_error",  # of channels that are not there
}  # fmt: skip
"""Fields that are of the moment at which one asks."""
_USUAL_TIMEOUTS = {"domain": 15.0, "smtp": 15.0}  # 5 s before: false alarms of slow registries


async def found(
    town: Cluster, token: str, version: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The answers by their addresses, and the export in clear, by the program of a `version`."""

    async def ask(path: str) -> Any:
        authorization = {"Authorization": f"Bearer {token}"}
        answer = await town.http.get(f"{town.url}/api/v1/{path}", headers=authorization)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return answer.json()

    answers: dict[str, Any] = {}
    for name in _LISTS:
        answers[name] = listed = still(_only_list(await ask(f"{name}?limit=1000")))
        for thing in listed if name in _IN_FULL else ():
            answers[f"{name}/{thing['id']}"] = still(await ask(f"{name}/{thing['id']}"))
        for thing in listed if name == "monitors" else ():
            answers[f"monitors/{thing['id']}/history"] = await _history(ask, thing["id"])
    answers["logs"] = _only_list(await ask("logs?limit=1000"))
    around = {**town.leader_environment(), **(version or {})}
    exported = await run_command(["-m", "uptop_leader", "export"], town.folder, around)
    assert exported.returncode == 0, exported.stderr
    answers["export"] = exported.stdout.decode()
    return answers


def still(value: Any) -> Any:
    """The same without what moves."""
    if isinstance(value, dict):
        return {key: still(one) for key, one in value.items() if key not in _MOVING}
    return [still(one) for one in value] if isinstance(value, list) else value


async def _history(ask: Ask, monitor: str) -> dict[str, Any]:
    """How often it was seen and not, in each region, and how quick: raw results and rollups."""
    told = await ask(f"monitors/{monitor}/history?range=24h")
    kept = ("region", "checks", "failed", "p50_ms", "p99_ms")
    return {"regions": [{key: region[key] for key in kept} for region in told["regions"]]}


def _only_list(answer: dict[str, Any]) -> Any:
    return next(value for value in answer.values() if isinstance(value, list))


def by_now(answers: dict[str, Any]) -> dict[str, Any]:
    """What an older program told, with the defaults that have been changed on purpose since."""

    def renewed(view: dict[str, Any]) -> dict[str, Any]:
        settings = answers[f"monitors/{view['id']}"]["settings"]
        if "timeout" in settings or view["type"] not in _USUAL_TIMEOUTS:
            return view
        return {**view, "timeout": min(_USUAL_TIMEOUTS[view["type"]], view["interval"])}

    monitors = {f"monitors/{view['id']}" for view in answers["monitors"]}
    single = {key: renewed(answers[key]) for key in monitors}
    return {**answers, **single, "monitors": [renewed(view) for view in answers["monitors"]]}


def missing(before: Any, after: Any, where: str = "") -> list[str]:
    """What was there before and is not, or is otherwise, by its path. More may be there."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            words
            for key, value in before.items()
            for words in (
                missing(value, after[key], f"{where}.{key}")
                if key in after
                else [f"{where}.{key} is gone"]
            )
        ]
    if isinstance(before, list) and isinstance(after, list):
        lost = [one for one in before if all(missing(one, other) for other in after)]
        return [f"{where} lacks {one}" for one in lost]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]


def push_token(export: str) -> str:
    """The first push token of an export."""
    monitors = export.partition("\nmonitors:")[2]
    return str(re.findall(r"^ *token: (\S+)$", monitors, flags=re.MULTILINE)[0])
