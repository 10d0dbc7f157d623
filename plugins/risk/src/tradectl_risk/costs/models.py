"""Cost models with their settings, made for the instruments of a run."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field
from tradectl_sdk.config import Section
from tradectl_sdk.domain.money import to_money
from tradectl_sdk.engine import BasisPoints, PerOrder, PerUnit, ShareOfValue, VolumeShare

from tradectl_risk.costs.impact import SquareRootImpact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument

PER_BASIS_POINT = 10_000


class ShareOfValueSettings(Section):
    """Fees as a share of the value."""

    model_config = ConfigDict(title="share-of-value")

    rounding: Decimal = Field(
        default=Decimal(0),
        ge=0,
        description="Step a fee is rounded to, half up, in the account currency; 0 rounds up to "
        "the eighth decimal.",
    )


class PerUnitSettings(Section):
    """Fees per unit of quantity. The defaults are those of a broker for US shares."""

    model_config = ConfigDict(title="per-unit")

    per_unit: Decimal = Field(
        default=Decimal("0.005"),
        ge=0,
        description="Fee of one unit of quantity, in the account currency.",
    )
    minimum: Decimal = Field(
        default=Decimal(1), ge=0, description="Least fee of an order, in the account currency."
    )


class PerOrderSettings(Section):
    """A fixed fee and a share of the value."""

    model_config = ConfigDict(title="per-order")

    fixed: Decimal = Field(ge=0, description="Fee of each order, in the account currency.")
    rate: Decimal = Field(
        default=Decimal(0), ge=0, lt=1, description="Share of the value paid on top."
    )


class BasisPointsSettings(Section):
    """Slippage as a share of the price."""

    model_config = ConfigDict(title="basis-points")

    basis_points: Decimal = Field(
        ge=0, lt=10_000, description="How much worse a taking fill is, in basis points."
    )


class VolumeShareSettings(Section):
    """Slippage by the square of the share of the volume."""

    model_config = ConfigDict(title="volume-share")

    impact: Decimal = Field(
        default=Decimal("0.1"),
        ge=0,
        le=1,
        description="What taking the whole volume of a bar costs, as a share of the price.",
    )


class SquareRootSettings(Section):
    """Slippage by the square root of the share of the volume."""

    model_config = ConfigDict(title="square-root")

    impact_bps: Decimal = Field(
        default=Decimal(100),
        ge=0,
        lt=10_000,
        description="What taking the whole volume of a bar costs, in basis points of the price; "
        "about the volatility over a bar.",
    )
    unknown_share: Decimal = Field(
        default=Decimal(1),
        ge=0,
        le=1,
        description="Share of the volume that is assumed for bars without volume.",
    )


def make_share_of_value(
    settings: ShareOfValueSettings, instruments: Sequence[Instrument]
) -> ShareOfValue:
    """Make the model from the instruments' own fees."""
    return ShareOfValue(instruments, rounding=to_money(settings.rounding))


def make_per_unit(settings: PerUnitSettings, instruments: Sequence[Instrument]) -> PerUnit:
    """Make the model; a lot costs what its units cost."""
    return PerUnit(instruments, per_unit=float(settings.per_unit), minimum=float(settings.minimum))


def make_per_order(settings: PerOrderSettings, instruments: Sequence[Instrument]) -> PerOrder:
    """Make the model, the same for every instrument."""
    return PerOrder(fixed=float(settings.fixed), rate=float(settings.rate))


def make_basis_points(
    settings: BasisPointsSettings, instruments: Sequence[Instrument]
) -> BasisPoints:
    """Make the model, the same for every instrument."""
    return BasisPoints(settings.basis_points)


def make_volume_share(
    settings: VolumeShareSettings, instruments: Sequence[Instrument]
) -> VolumeShare:
    """Make the model, the same for every instrument."""
    return VolumeShare(float(settings.impact))


def make_square_root(
    settings: SquareRootSettings, instruments: Sequence[Instrument]
) -> SquareRootImpact:
    """Make the model, the same for every instrument."""
    impact = float(settings.impact_bps) / PER_BASIS_POINT
    return SquareRootImpact(impact, float(settings.unknown_share))
