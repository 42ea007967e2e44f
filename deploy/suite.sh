#!/bin/sh
# Runs the tests in two halves, and both whatever becomes of the first: those that only compute on all cores at once,
# then those that start processes or a browser one after the other, for they measure time. Arguments are pytest's.
set -u
cd "$(dirname "$0")/.."

ALONE='process or browser'
NONE=5 # pytest's code where no test was chosen: no fault of a half
code=$NONE

half() {
  .venv/bin/python -m pytest "$@"
  found=$?
  [ "$found" = "$NONE" ] && return
  [ "$code" = "$NONE" ] || [ "$code" = 0 ] && code=$found
}

half -n auto --maxprocesses 8 --dist worksteal -m "not ($ALONE)" "$@"
half -m "$ALONE" "$@"
exit "$code"
