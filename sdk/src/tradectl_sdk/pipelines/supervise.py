"""``python -m tradectl_sdk.pipelines.supervise FOLDER``: the supervisor of a detached session."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path


def main(folder: str) -> int:
    """Run the session in a folder to its end; 0 when it ended as it was meant to."""
    from tradectl_sdk.errors import TradectlError
    from tradectl_sdk.keys import Redactor
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.opening import open_session
    from tradectl_sdk.pipelines.sessions.processes import LOG, log_to_stderr
    from tradectl_sdk.pipelines.sessions.supervising import supervise

    log_to_stderr(Redactor())
    try:
        end = asyncio.run(supervise(open_session(SessionFolder(Path(folder)))))
    except TradectlError as error:
        LOG.error("%s", error)
        return int(error.exit_status)
    return 0 if end.state in {"stopped", "finished"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
