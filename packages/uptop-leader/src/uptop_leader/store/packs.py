"""Packs: the raw results of one series within one hour as a few bytes each. Pure.

In: rows of (time in ms, latency in µs, reason code), in any order and with any values. Out: bytes
that give the same rows back in the same order. What stands in them, all as variable-length
integers of seven bits a byte, the lowest first:

    version (1) | rows | length of the times | times | length of the latencies | latencies | reasons

A time is told by how much the step to it differs from the step before, so that a steady beat costs
a byte a row; a latency by how far it is off a mean that follows slowly; reasons by how often each
is said in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptop_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1
_FOLLOW = 3  # the mean goes an eighth of the way to each latency

Packed = tuple[int, int, int]
"""A row: when, Unix milliseconds; the latency, microseconds; the code of the reason."""


class Packer:
    """Rows added one by one. `base_ms` is what times are near to; `unpack` must be told the same."""

    __slots__ = (
        *("_at", "_latencies", "_mean", "_reasons", "_rows", "_run", "_said", "_step", "_times"),
    )

    def __init__(self, base_ms: int = 0) -> None:
        self._rows = 0
        self._times, self._latencies, self._reasons = bytearray(), bytearray(), bytearray()
        self._at, self._step, self._mean = base_ms, 0, 0
        self._said, self._run = 0, 0

    def add(self, at_ms: int, latency_us: int, reason: int) -> None:
        """Add a row."""
        step = at_ms - self._at
        turn = step - self._step
        self._at, self._step = at_ms, step
        turn = turn << 1 if turn >= 0 else ~(turn << 1)
        if turn < 128:
            self._times.append(turn)
        else:
            _put(self._times, turn)
        off, mean = latency_us - self._mean, self._mean
        self._mean = mean + (off >> _FOLLOW) if self._rows else latency_us
        off = off << 1 if off >= 0 else ~(off << 1)
        if 128 <= off < 16_384:
            self._latencies.append(off & 127 | 128)
            self._latencies.append(off >> 7)
        else:
            _put(self._latencies, off)
        if reason != self._said:
            self._end_run()
            self._said = reason
        self._run += 1
        self._rows += 1

    def packed(self) -> bytes:
        """All rows so far; no more may be added after it."""
        self._end_run()
        whole = bytearray((VERSION,))
        _put(whole, self._rows)
        for column in (self._times, self._latencies):
            _put(whole, len(column))
            whole += column
        return bytes(whole + self._reasons)

    def _end_run(self) -> None:
        if self._run:
            _put(self._reasons, self._run)
            _put(self._reasons, self._said << 1 if self._said >= 0 else ~(self._said << 1))
        self._run = 0


def pack(rows: Iterable[Packed], base_ms: int = 0) -> bytes:
    """Rows as bytes."""
    packer = Packer(base_ms)
    for row in rows:
        packer.add(*row)
    return packer.packed()


def unpack(data: bytes, base_ms: int = 0) -> list[Packed]:
    """The rows again. Raises StoreError for a pack of another version, or a damaged one."""
    if data[:1] != bytes((VERSION,)):
        raise StoreError(f"a pack of results is of version {data[:1].hex()}, not {VERSION:02x}")
    try:
        rows, place = _take(data, 1)
        times, place = _column(data, place)
        latencies, place = _column(data, place)
    except IndexError:
        raise StoreError("a pack of results ends too soon") from None
    moments, lasting = list(_moments(times, base_ms)), list(_latencies(latencies))
    numbers = list(_unsigned(data[place:]))
    runs, said = numbers[::2], numbers[1::2]
    if not rows == len(moments) == len(lasting) == sum(runs) or len(runs) != len(said):
        raise StoreError(f"a pack of {rows} results does not have as many")
    reasons: list[int] = []
    for run, reason in zip(runs, said, strict=True):
        reasons += [_sign(reason)] * run
    return list(zip(moments, lasting, reasons, strict=True))


def _column(data: bytes, place: int) -> tuple[bytes, int]:
    length, place = _take(data, place)
    return data[place : place + length], place + length


def _moments(column: bytes, base_ms: int) -> Iterator[int]:
    at, step = base_ms, 0
    for turn in _signed(column):
        step += turn
        at += step
        yield at


def _latencies(column: bytes) -> Iterator[int]:
    mean, is_first = 0, True
    for off in _signed(column):
        latency = mean + off
        mean = latency if is_first else mean + (off >> _FOLLOW)
        is_first = False
        yield latency


def _signed(column: bytes) -> Iterator[int]:
    return map(_sign, _unsigned(column))


def _sign(value: int) -> int:
    """A number whose lowest bit says that it is negative."""
    return ~(value >> 1) if value & 1 else value >> 1


def _unsigned(column: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in column:
        if byte < 128:
            yield value | byte << shift
            value = shift = 0
        else:
            value |= (byte & 127) << shift
            shift += 7


def _put(column: bytearray, value: int) -> None:
    while value > 127:
        column.append(value & 127 | 128)
        value >>= 7
    column.append(value)


def _take(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while data[place] > 127:
        value |= (data[place] & 127) << shift
        shift += 7
        place += 1
    return value | data[place] << shift, place + 1
