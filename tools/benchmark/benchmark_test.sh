#!/bin/bash
# benchmark_test.sh BENCHMARK
set -euo pipefail
export BENCHMARK=$1 PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P tools/benchmark/benchmark_test.py
