"""Everything that nodes say to each other, as tagged immutable structures.

Four conversations, each with messages of its own:

- strategy host -> executor: :mod:`.intents` (what a strategy wants);
- executor -> strategy host: :mod:`.events` (what became of it);
- executor -> gateway: :mod:`.orders` (what has been approved and journalled), and back: what the
  venue answered or told unasked;
- gateway -> everybody: :mod:`.market` (market data, lossy only by conflation and never silently).

People and tools talk to nodes in :mod:`.control`; :mod:`.wire` carries all of it. Rules for change:
a field is added with a default, never removed, renamed or given another type. Tests hold the bytes
of every message of every version; ``sdk/tests/bus/golden_messages.py --accept`` takes over a change
that is meant.
"""
