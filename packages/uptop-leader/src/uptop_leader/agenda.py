"""When which monitor has to be judged again because of the time alone."""

from __future__ import annotations

import heapq

_SLACK = 1000  # entries that may be passed over before they are looked for


class Agenda:
    """A heap of (when, monitor) in Unix seconds; the newest entry of a monitor is the one that
    counts, older ones are passed over when they come up."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._newest: dict[str, float] = {}

    def __len__(self) -> int:
        """How many entries it takes, passed-over ones included."""
        return len(self._heap)

    def put(self, monitor: str, due: float | None) -> None:
        """Judge `monitor` at `due` and not before; None takes it off."""
        if due is None:
            self._newest.pop(monitor, None)
        elif self._newest.get(monitor) != due:
            self._newest[monitor] = due
            heapq.heappush(self._heap, (due, monitor))
            if len(self._heap) > 2 * len(self._newest) + _SLACK:
                self._drop_passed_over()

    def take(self, now: float) -> list[str]:
        """The monitors that are due; each is off the agenda with that."""
        due: list[str] = []
        while self._heap and self._heap[0][0] <= now:
            when, monitor = heapq.heappop(self._heap)
            if self._newest.get(monitor) == when:
                del self._newest[monitor]
                due.append(monitor)
        return due

    def _drop_passed_over(self) -> None:
        """Far entries would otherwise pile up where a monitor is put off again and again."""
        self._heap = [(when, monitor) for monitor, when in self._newest.items()]
        heapq.heapify(self._heap)

    def next_at(self) -> float | None:
        """When the next monitor may be due."""
        return self._heap[0][0] if self._heap else None
