"""Ways to do the same looks, one after the other in turns, so that noise hits all alike.

A way is a function of a number of looks that returns its CPU seconds. A look that does not find its
target up ends the benchmark: what is fast and wrong is not measured.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from benchmarks._children import module, running
from benchmarks._looking import Cost, Looking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks._children import Child

    Way = Callable[[int], float]


@contextmanager
def target(
    kind: str, pem: Path | None = None, *, urgent: bool = False
) -> Iterator[tuple[int, Child]]:
    """The port of a target and its process, `urgent` where it tells when looks arrived."""
    command = module("_target", kind, *([str(pem)] if pem else []))
    with running(command, urgent=urgent) as child:
        yield child.read(), child


@contextmanager
def certificate() -> Iterator[tuple[Path, Path]]:
    """Key and certificate (ECDSA, P-256) for 127.0.0.1, and the authority that signed it."""
    import trustme

    with tempfile.TemporaryDirectory() as folder:
        authority, pem = Path(folder, "authority.pem"), Path(folder, "server.pem")
        signer = trustme.CA()
        signer.cert_pem.write_to_path(authority)
        signer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        yield pem, authority


def look(spec: Looking, *, core: int | None = None, urgent: bool = False) -> Cost:
    """Do these looks in a new process; see `running`."""
    with running(module("_looking"), core=core, urgent=urgent) as child:
        return msgspec.convert(child.ask(msgspec.json.encode(spec).decode()), Cost, strict=False)


def ours(spec: Looking) -> Way:
    """The engine of this checkout."""

    def way(count: int) -> float:
        cost = look(replace(spec, count=count))
        if cost.failed:
            raise RuntimeError(f"{cost.failed} of {count} looks failed: {cost.why}")
        return cost.cpu_s

    return way


def in_turns(ways: Mapping[str, Way], count: int, rounds: int) -> dict[str, list[float]]:
    """CPU seconds per 1 000 looks of each way, by round."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            spent[name].append(way(count) / count * 1000)
    return spent


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of pairs."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))
