#!/bin/bash
# page_test.sh SAMPLE_PAGE
set -euo pipefail
export PYTHONPATH=$PWD SAMPLE_PAGE=$1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P -m sim.record.page_test
