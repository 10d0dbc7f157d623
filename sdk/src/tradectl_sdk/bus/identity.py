"""Who is who on the bus, and who may say what to whom."""

from __future__ import annotations

import msgspec

from tradectl_sdk.errors import FrameError


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A node in one of its lives.

    Attributes:
        name: Name of the node, unique among those of its role.
        role: ``gateway``, ``executor``, ``host`` or ``operator``, a person or tool.
        epoch: Its life; larger than any before. A node that keeps no count takes the wall clock.
        session: What it takes part in; nodes of different sessions do not talk.
    """

    name: str
    role: str
    epoch: int
    session: str = ""

    def __str__(self) -> str:
        """Return role, name and life in a few words."""
        return f"{self.role} {self.name!r} in life {self.epoch}"


# (who speaks, who listens) -> the conversation. Whoever is not in here has nothing to say.
_SAYS = {
    ("host", "executor"): "intents",
    ("executor", "host"): "events",
    ("executor", "gateway"): "orders",
    ("gateway", "executor"): "answers",
    ("host", "gateway"): "questions",
    ("gateway", "host"): "history",
    ("operator", "gateway"): "control",
    ("operator", "executor"): "control",
    ("operator", "host"): "control",
    ("gateway", "operator"): "replies",
    ("executor", "operator"): "replies",
    ("host", "operator"): "replies",
}
ROLES = ("gateway", "executor", "host", "operator")
PUBLISHERS = frozenset({"gateway"})


def conversation_of(speaker: str, listener: str) -> str:
    """Name what one role may say to another on a channel.

    Raises:
        FrameError: If it may say nothing to it.
    """
    found = _SAYS.get((speaker, listener))
    if found is None:
        raise FrameError(
            f"a {speaker} has nothing to say to a {listener}",
            hint="hosts talk to the executor, the executor to the gateway, operators to any node",
        )
    return found


def partners_of(role: str) -> frozenset[str]:
    """Roles that a role may speak to."""
    return frozenset(listener for speaker, listener in _SAYS if speaker == role)
