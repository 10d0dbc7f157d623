"""``python -m tradectl_sdk.pipelines.node ROLE FOLDER``: one node of a session, as a process."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from tradectl_sdk.pipelines.sessions.processes import main

    sys.exit(main(sys.argv[1:]))
