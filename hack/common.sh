# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts of this folder: where things are, how steps are reported, how the cache is filled.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gardener-extension-runtime-gvisor
export repository cache

# One warm compiler for all projects, also where the environment turns it off: a cold one takes longer to start than to compile.
export UseSharedCompilation=true

# Progress goes to stderr: stdout belongs to what a script answers.
say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# step TEXT COMMAND...: runs the command, prints the text and the time it took, and its output only when it fails.
# VERBOSE=1 lets the output through. On a terminal the time counts while it runs. Do not call it in a condition: bash would then ignore errors inside of a function.
step() {
  local text=$1 log status started=$SECONDS ticker=""
  shift
  log=$(mktemp)
  set +e
  if [ "${VERBOSE:-0}" = 1 ]; then
    say "$text ..."
    (set -e; "$@") >&2
    status=$?
  else
    if [ -t 2 ]; then
      printf '%s ...' "$text" >&2
      while kill -0 $$ && sleep 2; do printf '\r%s ... %d s ' "$text" $((SECONDS - started)) >&2; done 2>/dev/null &
      ticker=$!
    fi
    (set -e; "$@") >"$log" 2>&1
    status=$?
    if [ -n "$ticker" ]; then
      kill "$ticker"
      wait "$ticker" 2>/dev/null
      printf '\r\033[K' >&2
    fi
    [ "$status" = 0 ] || cat "$log" >&2
  fi
  set -e
  rm -f "$log"
  if [ "$status" != 0 ]; then
    say "FAILED after $((SECONDS - started)) s (exit code $status): $text"
    return "$status"
  fi
  say "$text: $((SECONDS - started)) s"
}

# with_lock NAME COMMAND...: two runs never fill the same entry of the cache at once; the second waits and finds it done.
with_lock() {
  local name=$1
  shift
  mkdir -p "$cache/locks"
  (
    exec {lock}>"$cache/locks/$name"
    if ! flock -n "$lock"; then
      say "waiting for another run that holds the lock $name"
      flock "$lock"
    fi
    "$@" {lock}>&-
  )
}

# compile_without_directories: the little of the programs that is compiled from C must not name this machine's directories.
compile_without_directories() {
  export CFLAGS="-ffile-prefix-map=${NUGET_PACKAGES:-$HOME/.nuget/packages}=/_/packages -ffile-prefix-map=$repository=/_"
}

# as_root COMMAND...
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "root is needed for: $*"
  fi
}

# Debian's package lists must be there and younger than a day before anything is downloaded.
refresh_package_lists() {
  command -v apt-get >/dev/null || fail "this needs Debian's apt-get; elsewhere provide the tools named in docs/development/local-control-plane.md yourself"
  if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_InRelease' -mmin -1440 2>/dev/null | head -n 1)" ]; then
    # Returns non-zero when any of the machine's sources is broken, also one that is not needed here.
    step "apt-get update" as_root apt-get -qq update || say "apt-get update reported errors; going on with the lists that there are"
  fi
}

# alive PID: whether a process runs. One that has ended is in the table until its parent looks, which may take seconds.
alive() { grep -qs . "/proc/$1/cmdline"; }

# with_owner SCRIPT DIRECTORY: where OWNER names a process, "SCRIPT down DIRECTORY" runs as soon as it has ended, however it did.
with_owner() {
  [ -n "${OWNER:-}" ] || return 0
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  setsid bash -c 'tail --pid="$1" -f /dev/null; exec "$2" down "$3"' _ "$OWNER" "$1" "$2" >/dev/null 2>&1 </dev/null &
}
