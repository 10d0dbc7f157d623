"""What a session is: everything that was decided when it was started, as it is kept on disk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.errors import DataError
from tradectl_sdk.exchange import Card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.domain.instrument import Instrument

PAPER, LIVE = "paper", "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """Data from the catalog in place of an exchange's.

    Attributes:
        start: Earliest open time that is played, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        speed: Market time per time on the wall; 0 for as fast as the session keeps up.
    """

    start: str | None = None
    end: str | None = None
    speed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What is started, pinned: a restart uses this and nothing newer.

    Attributes:
        mode: ``paper`` or ``live``.
        strategy: Name of a plugin's strategy, or ``/path.py:Class``.
        name: What the strategy is called in lists.
        parameters: All of the strategy's parameters.
        instruments: What is traded, with grid and fees.
        timeframe: Of the bars that drive the strategy.
        card: What the account's venue can do.
        exchange: Where data come from and, live, orders go to; empty for a replay.
        account: Which of the accounts there; of a paper session, the name of its ledger.
        replay: Data from the catalog in place of an exchange's, or None.
        has_volume: Whether bars carry volume; without it fills cannot be limited by it.
        warmup: Instants before orders are accepted, if more than the strategy asks for.
        history: Bars before the session that the strategy is warmed up with.
        models: What makes signals, by name: model, settings, and a hash of all they depend on.
        code: Hash of the strategy's code when the session was made.
        created: When, ISO 8601.
        version: Of tradectl.
    """

    mode: str
    strategy: str
    name: str
    parameters: Mapping[str, bool | int | float]
    instruments: tuple[Instrument, ...]
    timeframe: str
    card: Card
    exchange: str = ""
    account: str = "main"
    replay: ReplayPlan | None = None
    has_volume: bool = True
    warmup: int = 0
    history: int = 0
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    code: str = ""
    created: str = ""
    version: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of what is traded."""
        return tuple(str(one.id) for one in self.instruments)

    def manifest(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        from tradectl_sdk.runs.record import instrument_to_json

        values = asdict(replace(self, instruments=()))
        return {
            **values,
            "card": msgspec.to_builtins(self.card, order="deterministic"),
            "instruments": [instrument_to_json(one) for one in self.instruments],
        }

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> SessionPlan:
        """Return what a manifest says.

        Raises:
            DataError: If it says something else.
        """
        from tradectl_sdk.runs.record import instrument_from_json

        known = {name: manifest[name] for name in cls.__dataclass_fields__ if name in manifest}
        try:
            known["instruments"] = tuple(map(instrument_from_json, known["instruments"]))
            known["card"] = msgspec.convert(known["card"], Card)
            if known.get("replay") is not None:
                known["replay"] = ReplayPlan(**known["replay"])
            return cls(**known)
        except (TypeError, KeyError, ValueError) as error:
            raise DataError(
                f"session {manifest.get('id', '')} cannot be read: {error}",
                hint="it was made by another version, or its session.json was changed",
            ) from error
