"""The bus between the nodes: real protocol cores on wires that lose, repeat and reorder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.testing.simulation.agenda import Agenda
    from tradectl_sdk.testing.simulation.weather import Weather


class Wires:
    """Carries frames between processes by name; a pair may be cut for a while."""

    def __init__(self, agenda: Agenda, weather: Weather) -> None:
        self._agenda = agenda
        self._weather = weather
        self._cut: dict[frozenset[str], int] = {}

    def cut(self, one: str, other: str, duration: int) -> None:
        """Let nothing pass between two nodes for a while."""
        self._cut[frozenset((one, other))] = self._agenda.now + duration

    def carry(self, sender: str, receiver: str, frame: Any, hear: Callable[[Any], None]) -> None:
        """Let a frame arrive later, once, twice or never."""
        weather = self._weather
        if self._cut.get(frozenset((sender, receiver)), 0) > self._agenda.now:
            return
        if weather.strikes("frame_lost"):
            return
        self._agenda.after(weather.hop(), lambda: hear(frame))
        if weather.strikes("frame_twice"):
            self._agenda.after(weather.hop(), lambda: hear(frame))
