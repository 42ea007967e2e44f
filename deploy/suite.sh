#!/bin/sh
# Runs the tests in parts, all of them whatever becomes of the first: those that only compute, on every core; those that
# start processes or a browser, and mostly wait, three files at a time; those that use every core by themselves, alone.
# Arguments are pytest's.
set -u
cd "$(dirname "$0")/.."

NONE=5 # pytest's code where no test was chosen: no fault of a part
code=$NONE

part() {
  .venv/bin/python -m pytest "$@"
  found=$?
  [ "$found" = "$NONE" ] && return
  if [ "$code" = "$NONE" ] || [ "$code" = 0 ]; then code=$found; fi
}

part -n auto --maxprocesses 8 --dist worksteal -m 'not process and not browser' "$@"
part -n 3 --dist loadfile -m '(process or browser) and not cores' "$@"
part -m cores "$@"
exit "$code"
