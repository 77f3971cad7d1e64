#!/bin/bash
# append_loop_test.sh LOOP: it appends to everything that tools/benchmark/instructions asks for.
set -euo pipefail
for backend in memory file; do
  for subject in backend adaptor; do
    for in_flight in 1 64; do
      dir=$(mktemp -d "$TEST_TMPDIR/XXXXXX")
      "$1" --backend $backend --subject $subject --dir "$dir" --in-flight $in_flight --count 300
      # 375 KiB of payload with those that are not counted.
      [[ $backend == file ]] || continue
      found=$(cat "$dir"/*/*.seg | tr -dc x | wc -c)
      ((found >= 375 << 10)) || {
        echo "$subject, $in_flight in flight: $found bytes of payload in $dir" >&2
        exit 1
      }
    done
  done
done
