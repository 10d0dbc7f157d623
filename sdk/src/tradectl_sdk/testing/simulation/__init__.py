"""A deterministic simulator: the real cores of all nodes under virtual time and seeded faults.

:func:`simulate` plays a session in which frames are lost, requests time out after they were done,
news come late and twice, lists lag, clocks jump, and every node is killed now and then; in the end
nothing goes wrong any more and everything has to be in order. The same seed gives the same session.
"""

from __future__ import annotations

from tradectl_sdk.testing.simulation.weather import CALM, STORM, Climate
from tradectl_sdk.testing.simulation.world import Script, Verdict, simulate

__all__ = ["CALM", "STORM", "Climate", "Script", "Verdict", "simulate"]
