#!/bin/bash
# walctl_test.sh WALCTL MODULE
set -euo pipefail
export WALCTL=$1 PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P -m unittest "$2"
