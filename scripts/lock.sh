#!/bin/sh
# Rewrites requirements/dev.lock: every platform, hashes, no host names. Needs uv; pass --upgrade to move versions.
set -eu
cd "$(dirname "$0")/.."
exec uv pip compile requirements/dev.in --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
    -o requirements/dev.lock "$@"
