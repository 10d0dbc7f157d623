"""An exchange to rehearse against, in the dialect of Binance spot.

In front of a paper venue of :mod:`tradectl_sdk.paper`: REST, streams and the websocket API, over a
market that is replayed or made up, with an account that outlives its clients and faults on demand.
"""

from __future__ import annotations

from tradectl_sandbox.faults import Fault, FaultKind
from tradectl_sandbox.sandbox import Sandbox, ccxt_urls
from tradectl_sandbox.settings import ApiKey, SandboxSettings

__all__ = ["ApiKey", "Fault", "FaultKind", "Sandbox", "SandboxSettings", "ccxt_urls"]
