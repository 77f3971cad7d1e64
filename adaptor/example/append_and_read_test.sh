#!/bin/bash
# Runs the example three times on one directory: it appends, reads back, and refuses a stale term.
set -euo pipefail

readonly example="$1"
readonly directory="${TEST_TMPDIR}/log"
mkdir "${directory}"

expect() {
  if [[ "$1" != "$2" ]]; then
    printf 'expected:\n%s\nand got:\n%s\n' "$2" "$1"
    exit 1
  fi
}

"${example}" "${directory}" 1 hello > "${TEST_TMPDIR}/first"
expect "$(grep -v '^appended file\.' "${TEST_TMPDIR}/first")" "read hello"

"${example}" "${directory}" 2 world > "${TEST_TMPDIR}/second"
expect "$(grep -v '^appended file\.' "${TEST_TMPDIR}/second")" "$(printf 'read hello\nread world')"

if "${example}" "${directory}" 1 stale 2> "${TEST_TMPDIR}/third"; then
  echo "a stale term was let in"
  exit 1
fi
grep -q 'append_and_read: .*term' "${TEST_TMPDIR}/third"
