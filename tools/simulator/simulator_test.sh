#!/bin/bash
# simulator_test.sh SIMULATOR SIMULATOR_WITH_MUTANTS
set -euo pipefail
export SIMULATOR=$1 SIMULATOR_WITH_MUTANTS=$2 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P tools/simulator/simulator_test.py
