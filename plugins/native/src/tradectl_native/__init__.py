"""Exchanges whose interface is a vendor's shared library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.hooks import ExchangeSpec, Hooks, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


class NativePlugin(Hooks):
    """Offers the one exchange; which library it is stands in the settings."""

    @hookimpl
    def tradectl_exchanges(self) -> Iterable[ExchangeSpec]:
        """Yield it; the library is loaded when it is used."""
        yield ExchangeSpec(
            name="native",
            summary="A venue behind a shared library of yours or a vendor's",
            factory="tradectl_native.adapter:NativeExchange",
            settings="tradectl_native.settings:NativeSettings",
        )


plugin = NativePlugin()
