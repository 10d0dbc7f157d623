"""``python -m tradectl_sdk.pipelines.examine``: see :mod:`.sessions.examination`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tradectl_sdk.pipelines.sessions.examination import main

    sys.exit(main())
