#!/bin/bash
# walctl_test.sh WALCTL
set -euo pipefail
export WALCTL=$1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P tools/walctl/walctl_test.py
