#!/bin/bash
# harness_test.sh MODULE [ARGUMENT...]: runs a module of this directory in the test's own directory.
# What it may be given in addition: bazel test --test_arg=--seed=17.
set -euo pipefail
module=$1
shift
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P -m "tools.harness.$module" --dir "$TEST_TMPDIR" "$@"
