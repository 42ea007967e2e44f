#!/bin/sh
# Installs tradigrade into .venv: `setup.sh run` what running needs, then `setup.sh dev` what checks and tests need.
# Says everything on standard error, so that a command whose output is data can depend on it.
set -eu
exec 1>&2
cd "$(dirname "$0")/.."
export PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt # what builds us is pinned as well

say() { printf 'setup: %s\n' "$*"; }

fail() {
  say "$*"
  exit 1
}

python_that() { # prints the first interpreter for which the Python code $1 succeeds
  for name in python3 python3.13 python3.12 python3.11; do
    if "$name" -c "$1" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
}

create_environment() {
  [ -x .venv/bin/pip ] && return # written last: an environment without it was interrupted, and is made again
  recent='import sys; sys.exit(sys.version_info < (3, 11))'
  found=$(python_that "$recent")
  [ -n "$found" ] || fail 'expected Python 3.11 or newer as python3, found none; install it, then run make again.'
  python=$(python_that "import ensurepip, venv; $recent")
  [ -n "$python" ] || fail "expected $found to have ensurepip, found none;" \
    'install it (on Debian and Ubuntu: apt-get install python3-venv), then run make again.'
  say "making .venv with $python"
  "$python" -m venv .venv
}

install() { .venv/bin/python -m pip install -qq "$@"; } # quiet but for errors

install_for_running() {
  create_environment
  say 'installing tradigrade into .venv'
  install --upgrade pip
  install --editable '.[data]'
  say 'installing torch for learning (large; minutes the first time)'
  install --editable '.[learn]' || say 'torch could not be installed: the system runs on its linear model instead;' \
    'to try again, run make after `touch pyproject.toml`.'
}

install_for_tests() {
  say 'installing the tools of the checks and tests into .venv'
  install --group test --group lint
  install_browser
}

# The console's tests drive a browser, which pip does not bring; where there is none they say so and are skipped.
install_browser() {
  command -v chromium >/dev/null || command -v google-chrome >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say 'installing chromium for the tests of the console'
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 apt-get update -qq && timeout 600 apt-get install -qq -y --no-install-recommends chromium >/dev/null && return
  fi
  say 'chromium is absent: the browser tests will be skipped; install it to run them.'
}

case "${1:-}" in
  run) install_for_running ;;
  dev) install_for_tests ;;
  *) fail "expected 'run' or 'dev', found '${1:-}'" ;;
esac
