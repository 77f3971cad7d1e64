#!/bin/bash
# page_test.sh SAMPLE_PAGE
set -euo pipefail
export SAMPLE_PAGE=$1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P sim/record/page_test.py
