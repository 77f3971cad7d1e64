#!/bin/bash
# full_disk_test.sh WALCTL
set -euo pipefail
export WALCTL=$1 PYTHONDONTWRITEBYTECODE=1
if [[ -n ${TIDELOG_TEST_WITHOUT_MOUNT:-} ]]; then
  echo "left out: TIDELOG_TEST_WITHOUT_MOUNT is set"
  exit 0
fi
# Mounts of its own; where that takes more rights than there are, as the root of a user namespace.
own_mounts=(unshare --mount)
"${own_mounts[@]}" true 2>/dev/null || own_mounts=(unshare --user --map-root-user --mount)
"${own_mounts[@]}" true || {
  echo "no user namespaces here: leave this out with --test_env=TIDELOG_TEST_WITHOUT_MOUNT=1" >&2
  exit 1
}
exec "${own_mounts[@]}" /usr/bin/python3 -P tools/walctl/full_disk_test.py
