#!/bin/bash
# clang_tidy_runner.sh OUTPUT SOURCE FLAG...: silent when clang-tidy has nothing to say.
output=$1 source=$2
shift 2
clang-tidy-19 --quiet "$source" -- "$@" -w >"$output" 2>"$output.stderr" && exit
# Paths as the reader knows them.
sed "s%^/.*/execroot/[^/]*/%%" "$output" >&2
grep -v 'warnings generated\|^Suppressed\|^Use -' "$output.stderr" >&2
exit 1
