#!/bin/bash
# python_test.sh MODULE [ARGUMENT...]: runs a module from the runfiles and from nowhere else
# (-P: not from the directory that its symbolic link leads to).
set -euo pipefail
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -P -m "$@"
