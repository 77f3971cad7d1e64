#!/bin/bash
# takeover_mutants_test.sh WALCTL, one with mutants.
set -euo pipefail
export WALCTL=$1 PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P -m tools.harness.takeover_mutants_test
