"""How the nodes of a session are joined: within one process, by sockets, or over TCP with keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from tradectl_sdk.bus import (
    Address,
    Identity,
    StreamAddress,
    in_process_pair,
    in_process_stream,
    read_keys,
    zeromq_channel,
    zeromq_listener,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from tradectl_sdk.bus import BusKeys, Channel, Publisher, Subscriber
    from tradectl_sdk.config import Settings
    from tradectl_sdk.nodes.session_folder import SessionFolder

GATEWAY, EXECUTOR, HOST = "gateway", "executor", "host"


class GatewayLines(NamedTuple):
    """What a gateway is joined by."""

    executor: Channel
    host: Channel
    market: Publisher


class ExecutorLines(NamedTuple):
    """What an executor is joined by."""

    gateway: Channel
    host: Channel
    market: Subscriber


class HostLines(NamedTuple):
    """What a host is joined by."""

    executor: Channel
    gateway: Channel
    market: Subscriber


class Lines(Protocol):
    """Joins each node to the others; to be used where an event loop runs."""

    def gateway(self, epoch: int) -> GatewayLines:
        """Join the gateway in one of its lives."""

    def executor(self, epoch: int) -> ExecutorLines:
        """Join the executor in one of its lives."""

    def host(self, epoch: int) -> HostLines:
        """Join the host in one of its lives."""


class InProcessLines:
    """Joins three nodes that share an event loop; each once.

    Args:
        session: The session's id.
        epochs: Lives of gateway, executor and host.
    """

    def __init__(self, session: str, epochs: tuple[int, int, int]) -> None:
        gateway, executor, host = (
            Identity(name=role, role=role, epoch=epoch, session=session)
            for role, epoch in zip((GATEWAY, EXECUTOR, HOST), epochs, strict=True)
        )
        orders = in_process_pair(gateway, executor)
        intents = in_process_pair(executor, host)
        history = in_process_pair(gateway, host)
        market = in_process_stream(gateway)
        self._gateway = GatewayLines(orders[0], history[0], market)
        self._executor = ExecutorLines(orders[1], intents[0], market.subscribe(executor))
        self._host = HostLines(intents[1], history[1], market.subscribe(host))

    def gateway(self, epoch: int) -> GatewayLines:  # noqa: ARG002 - given at the start
        """Join the gateway."""
        return self._gateway

    def executor(self, epoch: int) -> ExecutorLines:  # noqa: ARG002
        """Join the executor."""
        return self._executor

    def host(self, epoch: int) -> HostLines:  # noqa: ARG002
        """Join the host."""
        return self._host


class ZeroMQLines:
    """Joins nodes of different processes: by sockets of the session, or as the settings say.

    Args:
        folder: The session.
        settings: May name TCP addresses.
    """

    def __init__(self, folder: SessionFolder, settings: Settings) -> None:
        self._folder = folder
        run = folder.socket("").resolve()
        tcp = settings.session.tcp
        self._guarded = tcp is not None
        if tcp is None:
            self._at_gateway = Address.local(run, "gateway.bus")
            self._at_executor = Address.local(run, "executor.bus")
            self._market = StreamAddress.local(run, "market.bus")
        else:
            self._at_gateway = Address.tcp(*host_and_port(tcp.gateway))
            self._at_executor = Address.tcp(*host_and_port(tcp.executor))
            self._market = StreamAddress.tcp(*host_and_port(tcp.market))

    def gateway(self, epoch: int) -> GatewayLines:
        """Join the gateway."""
        me, keys = self._me(GATEWAY, epoch)
        listener = zeromq_listener(self._at_gateway, me, keys=keys)
        market = zeromq_publisher(self._market, me, keys=keys)
        return GatewayLines(listener.expect(EXECUTOR), listener.expect(HOST), market)

    def executor(self, epoch: int) -> ExecutorLines:
        """Join the executor."""
        me, keys = self._me(EXECUTOR, epoch)
        listener = zeromq_listener(self._at_executor, me, keys=keys)
        gateway = zeromq_channel(self._at_gateway, me, GATEWAY, keys=keys)
        market = zeromq_subscriber(self._market, me, keys=keys)
        return ExecutorLines(gateway, listener.expect(HOST), market)

    def host(self, epoch: int) -> HostLines:
        """Join the host."""
        me, keys = self._me(HOST, epoch)
        return HostLines(
            zeromq_channel(self._at_executor, me, EXECUTOR, keys=keys),
            zeromq_channel(self._at_gateway, me, GATEWAY, keys=keys),
            zeromq_subscriber(self._market, me, keys=keys),
        )

    def _me(self, role: str, epoch: int) -> tuple[Identity, BusKeys | None]:
        me = Identity(name=role, role=role, epoch=epoch, session=self._folder.id)
        return me, read_keys(self._folder.keys(role)) if self._guarded else None


def host_and_port(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``.

    Raises:
        UsageError: If it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 1 << 16):
        raise UsageError(f"address was {text!r}, expected HOST:PORT")
    return host, int(port)
