#!/bin/bash
# kill_writer_test.sh WALCTL
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P tools/harness/kill_writer.py --walctl "$1" --dir "$TEST_TMPDIR" \
  --bytes 8000000 --kills 20 -- LICENSE
