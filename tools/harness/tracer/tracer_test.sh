#!/bin/bash
# tracer_test.sh TRACER WALCTL
set -euo pipefail
export TRACER=$1 WALCTL=$2 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P tools/harness/tracer/tracer_test.py
