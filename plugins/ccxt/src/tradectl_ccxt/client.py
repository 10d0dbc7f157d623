"""ccxt's own client, with the rules that sending rests on built in.

It never repeats a request, never prints one, and takes its turn in one budget per account instead
of in ccxt's own throttle. What is known of a request is noted in the
:class:`~tradectl_ccxt.calls.Call` that runs.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.exchange import RateBudget

from tradectl_ccxt.calls import CALL, Call, Turnstile
from tradectl_ccxt.settings import FORBIDDEN

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Credentials

    from tradectl_ccxt.dialects import Dialect
    from tradectl_ccxt.settings import VenueSettings

SECOND: Final = 1_000_000_000  # nanoseconds
KEEP_ALIVE: Final = 10_000  # milliseconds between two pings of a stream
RETRIES: Final = "maxRetriesOnFailure"


async def _nothing_to_do(*_arguments: Any) -> bool:
    return True


def _nothing(_record: logging.LogRecord) -> bool:
    return False


def _silent() -> logging.Logger:
    """Return a logger that says nothing: ccxt logs headers, and keys stand in them."""
    logger = logging.getLogger("tradectl_ccxt.silent")
    logger.disabled = True
    logger.addFilter(_nothing)
    return logger


class Guarded:
    """What is laid over every client of ccxt."""

    turnstile: Turnstile
    dialect: Dialect

    @property
    def verbose(self) -> bool:
        """Never: it prints headers and bodies, keys among them."""
        return False

    @verbose.setter
    def verbose(self, value: bool) -> None:
        if value:
            raise ValueError("verbose was True, expected False: it prints keys")

    def open(self, lazy: bool = False) -> None:
        """Connect, and keep aiohttp from repeating requests too.

        It sends what it holds to be idempotent, such as DELETE and PUT, a second time when a
        connection that was kept alive breaks, whether or not the first had arrived.
        """
        super().open(lazy)  # type: ignore[misc]
        session = self.session  # type: ignore[attr-defined]
        if session is not None:
            session._retry_connection = False  # noqa: SLF001 - the only way; a test holds it

    async def fetch2(
        self,
        path: str,
        api: Any = "public",
        method: str = "GET",
        params: Any = None,
        config: Any = None,
    ) -> Any:
        """Wait for the request's turn, then send it once."""
        params, config = params or {}, config or {}
        call = CALL.get() or Call()
        cost = self.calculate_rate_limiter_cost(api, method, path, params, config)  # type: ignore[attr-defined]
        await self.turnstile.enter(math.ceil(cost * self.dialect.weight), call)
        return await super().fetch2(path, api, method, params, config)  # type: ignore[misc]

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Note that something is about to leave this machine."""
        if (call := CALL.get()) is not None:
            call.sent, call.status, call.headers, call.body = True, 0, {}, ""
        return await super().fetch(url, method, headers, body)  # type: ignore[misc]

    def on_rest_response(self, code: int, *rest: Any) -> Any:
        """Note what came back."""
        _reason, _url, _method, headers, body, *_ = rest
        if (call := CALL.get()) is not None:
            call.status, call.body = code, str(body)
            call.headers = {str(key).lower(): str(value) for key, value in headers.items()}
            self.turnstile.answered(call, self.dialect.used)
        return super().on_rest_response(code, *rest)  # type: ignore[misc]

    def handle_option_integer_and_params(
        self, params: Any, method: str, option: str, default: Any = None
    ) -> Any:
        """Answer 0 when ccxt asks how often to repeat a request, whatever anybody has set."""
        found = super().handle_option_integer_and_params(params, method, option, default)  # type: ignore[misc]
        return [0, found[1]] if option == RETRIES else found


def make_client(
    name: str,
    dialect: Dialect,
    settings: VenueSettings,
    credentials: Credentials | None,
    turnstile: Turnstile,
) -> Any:
    """Make a client of ccxt: with streams where ccxt has them for this exchange.

    Raises:
        AssertionError: When ccxt would repeat requests or print them all the same.
    """
    import ccxt.async_support as rest
    import ccxt.pro as streaming

    base = getattr(streaming, name, None) or getattr(rest, name)
    kind = type(f"Guarded{base.__name__}", (Guarded, base), {})
    kind.turnstile, kind.dialect = turnstile, dialect  # type: ignore[attr-defined]
    client = kind(_config(dialect, settings, credentials))
    client.logger = _silent()
    client.has["fetchCurrencies"] = False  # needs a key's rights, and nothing here uses them
    for method in dialect.unwanted:
        setattr(client, method, _nothing_to_do)
    if settings.urls:
        client.urls = client.deep_extend(client.urls, {"api": settings.urls})
    check_client(client)
    return client


def check_client(client: Any) -> None:
    """Hold a client to what it must never do; called again before every start.

    Raises:
        AssertionError: When it would repeat or print requests.
    """
    retries = client.handle_option_integer_and_params({}, "createOrder", RETRIES, 0)[0]
    for what, found, expected in (
        (RETRIES, retries, 0),
        ("verbose", client.verbose, False),
        ("enableRateLimit", client.enableRateLimit, False),
    ):
        if found != expected:
            raise AssertionError(f"{what} of ccxt was {found!r}, expected {expected!r}")


def budgets_of(client: Any, dialect: Dialect) -> tuple[RateBudget, ...]:
    """Return the venue's budgets, or one made from ccxt's pause between requests."""
    if dialect.rates is not None:
        return dialect.rates
    pause = max(1.0, float(client.rateLimit))  # milliseconds for a cost of one
    interval = max(1_000.0, 10 * pause)
    weight = max(1, int(interval / pause * dialect.weight))
    return (RateBudget(weight=weight, interval=int(interval * 1_000_000)),)


def _config(
    dialect: Dialect, settings: VenueSettings, credentials: Credentials | None
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "defaultType": settings.market,
        "adjustForTimeDifference": False,
        "builderFee": False,  # ccxt approves a fee for itself where a venue lets it
    }
    if settings.market == "spot" and dialect.spot_types:
        options["fetchMarkets"] = {"types": list(dialect.spot_types)}
    if dialect.window_option:
        options[dialect.window_option] = dialect.request_window // 1_000_000
    options |= dict(dialect.options) | settings.options
    assert not FORBIDDEN & options.keys(), "settings refuse these"  # noqa: S101 - said there
    return {
        "enableRateLimit": False,
        "timeout": int(settings.timeout_seconds * 1000),
        "options": options,
        "streaming": {"keepAlive": KEEP_ALIVE},
        **_secrets(credentials),
    }


def _secrets(credentials: Credentials | None) -> dict[str, str]:
    """Return ccxt's names for the parts of a key."""
    if credentials is None:
        return {}
    parts = {
        "apiKey": credentials.api_key.reveal(),
        # Venues with asymmetric keys take the private key where others take a shared secret
        "secret": credentials.secret.reveal() or credentials.private_key.reveal(),
        "password": credentials.passphrase.reveal(),
        "privateKey": credentials.private_key.reveal(),
        "walletAddress": credentials.account,
        "uid": credentials.account,
    }
    return {name: text for name, text in parts.items() if text}
