"""Write down the bytes of every record, for a new kind of them; existing ones must not change."""

from __future__ import annotations

import json

from test_records import GOLDEN, SAMPLES
from tradectl_sdk.nodes.executor import records as of

if __name__ == "__main__":
    kept = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    kept |= {name: of.encode(one).hex() for name, one in SAMPLES.items() if name not in kept}
    GOLDEN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
