"""The structures of ``tradectl_venue.h``, member for member; a test asks a compiler."""

from __future__ import annotations

from ctypes import Structure, Union, c_char, c_char_p, c_int32, c_int64, c_uint32, sizeof
from typing import Any, ClassVar, Final

ABI: Final = 1


class Sized(Structure):
    """A structure that says how long it is."""

    _fields_: ClassVar[Any]

    def __init__(self, **values: Any) -> None:
        super().__init__(size=sizeof(type(self)), **values)


class TvError(Sized):
    """Why a call failed."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("retry_after", c_int64),
        ("code", c_char * 32),
        ("text", c_char * 192),
    )


class TvConfig(Sized):
    """What a connection is opened with."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("api_key", c_char_p),
        ("secret", c_char_p),
        ("passphrase", c_char_p),
        ("private_key", c_char_p),
        ("account", c_char_p),
        ("options", c_char_p),
    )


class TvCard(Sized):
    """What a venue can do."""

    _fields_ = (
        ("size", c_uint32),
        ("order_types", c_uint32),
        ("times_in_force", c_uint32),
        ("market_data", c_uint32),
        ("flags", c_uint32),
        ("id_length", c_uint32),
        ("request_window", c_int64),
        ("processing", c_int64),
        ("rate_weight", c_int64),
        ("rate_interval", c_int64),
        ("id_alphabet", c_char * 80),
    )


class TvInstrument(Sized):
    """What can be traded."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("symbol", c_char * 48),
        ("base", c_char * 16),
        ("quote", c_char * 16),
        ("tick_size", c_char * 24),
        ("lot_size", c_char * 24),
        ("multiplier", c_char * 24),
        ("maker_fee", c_char * 24),
        ("taker_fee", c_char * 24),
        ("min_notional", c_char * 24),
    )


class TvTicket(Sized):
    """An order on its way."""

    _fields_ = (
        ("size", c_uint32),
        ("side", c_int32),
        ("type", c_int32),
        ("time_in_force", c_int32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("lots", c_int64),
        ("limit", c_int64),
        ("trigger", c_int64),
        ("trail", c_int64),
        ("expires", c_int64),
        ("symbol", c_char * 48),
        ("client_id", c_char * 64),
    )


class TvRef(Sized):
    """Which order is meant."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("symbol", c_char * 48),
        ("client_id", c_char * 64),
        ("venue_id", c_char * 64),
    )


class TvOrder(Sized):
    """What a venue says of an order."""

    _fields_ = (
        ("size", c_uint32),
        ("status", c_int32),
        ("side", c_int32),
        ("type", c_int32),
        ("lots", c_int64),
        ("filled", c_int64),
        ("limit", c_int64),
        ("trigger", c_int64),
        ("time", c_int64),
        ("symbol", c_char * 48),
        ("client_id", c_char * 64),
        ("venue_id", c_char * 64),
        ("text", c_char * 96),
    )


class TvTrade(Sized):
    """A fill."""

    _fields_ = (
        ("size", c_uint32),
        ("side", c_int32),
        ("maker", c_int32),
        ("reserved", c_int32),
        ("lots", c_int64),
        ("price", c_int64),
        ("fee", c_int64),
        ("time", c_int64),
        ("symbol", c_char * 48),
        ("client_id", c_char * 64),
        ("venue_id", c_char * 64),
        ("trade_id", c_char * 64),
        ("fee_currency", c_char * 16),
    )


class TvBar(Sized):
    """A bar that has closed."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("length", c_int64),
        ("time", c_int64),
        ("open", c_int64),
        ("high", c_int64),
        ("low", c_int64),
        ("close", c_int64),
        ("volume", c_int64),
        ("symbol", c_char * 48),
    )


class TvPrint(Sized):
    """A trade between others."""

    _fields_ = (
        ("size", c_uint32),
        ("side", c_int32),
        ("time", c_int64),
        ("price", c_int64),
        ("lots", c_int64),
        ("symbol", c_char * 48),
        ("id", c_char * 64),
    )


class TvQuote(Sized):
    """The best prices."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("time", c_int64),
        ("bid", c_int64),
        ("bid_lots", c_int64),
        ("ask", c_int64),
        ("ask_lots", c_int64),
        ("symbol", c_char * 48),
    )


class TvBalance(Sized):
    """What is held of one currency."""

    _fields_ = (
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("free", c_int64),
        ("held", c_int64),
        ("currency", c_char * 16),
    )


class TvRights(Sized):
    """What a key may do."""

    _fields_ = (
        ("size", c_uint32),
        ("trade", c_int32),
        ("withdraw", c_int32),
        ("restricted_by_address", c_int32),
    )


class _Of(Union):
    _fields_ = (
        ("order", TvOrder),
        ("trade", TvTrade),
        ("bar", TvBar),
        ("print", TvPrint),
        ("quote", TvQuote),
    )


class TvEvent(Sized):
    """Something that happened."""

    _fields_ = (
        ("size", c_uint32),
        ("kind", c_uint32),
        ("value", c_int32),
        ("reserved", c_int32),
        ("text", c_char * 96),
        ("of", _Of),
    )


# Name in the header -> our structure
LAYOUTS: Final[dict[str, type[Sized]]] = {
    "tv_error": TvError,
    "tv_config": TvConfig,
    "tv_card": TvCard,
    "tv_instrument": TvInstrument,
    "tv_ticket": TvTicket,
    "tv_ref": TvRef,
    "tv_order": TvOrder,
    "tv_trade": TvTrade,
    "tv_bar": TvBar,
    "tv_print": TvPrint,
    "tv_quote": TvQuote,
    "tv_balance": TvBalance,
    "tv_rights": TvRights,
    "tv_event": TvEvent,
}
