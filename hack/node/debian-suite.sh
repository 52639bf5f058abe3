# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts of this folder: packages of any Debian suite, none of which is installed.

# The package lists are fetched once for a script and its children, into the directory $DEBIAN_SUITES, which they remove.
# DEBIAN_ARCHITECTURE: packages of another architecture than this machine's.

# debian_suite SUITE COMMAND...: an apt-get command that sees only this suite's main section (binary and source packages),
# fetched from where the machine gets its own packages. The machine's own lists, sources and preferences stay untouched.
debian_suite() {
  local architecture=${DEBIAN_ARCHITECTURE:-$(dpkg --print-architecture)}
  local suite=$1 directory="$DEBIAN_SUITES/$1-$architecture" sources=/etc/apt/sources.list.d/debian.sources
  shift
  local options=(-qq -o "Dir::Etc::sourcelist=$directory/debian.sources" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o "Dir::State::lists=$directory/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::Languages=none
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture")
  if [[ ! -e $directory/updated ]]; then
    local mirror keyring
    mirror=$(awk '/^URIs:/ { print $2; exit }' "$sources" 2>/dev/null || true)
    keyring=$(awk '/^Signed-By:/ { print $2; exit }' "$sources" 2>/dev/null || true)
    [[ -n $mirror ]] ||
      mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null || true)
    [[ -n $mirror ]] || { say "no Debian package source in $sources or /etc/apt/sources.list"; return 1; }
    mkdir -p "$directory/lists/partial"
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
      "$mirror" "$suite" "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}" >"$directory/debian.sources"
    apt-get "${options[@]}" update || return 1
    touch "$directory/updated"
  fi
  apt-get "${options[@]}" "$@"
}

# unpack_packages SUITE DIRECTORY NAME...: the files of these packages without their dependencies and scripts, for a
# directory that is merged over a root with /usr-merged /bin and /lib.
unpack_packages() {
  local suite=$1 directory=$2 downloads package top
  shift 2
  downloads=$(mktemp -d)
  (cd "$downloads" && debian_suite "$suite" download "$@") || { rm -rf "$downloads"; return 1; }
  mkdir -p "$directory"
  for package in "$downloads"/*.deb; do dpkg-deb -x "$package" "$directory"; done
  for top in bin sbin lib; do
    [[ -d $directory/$top && ! -L $directory/$top ]] || continue
    mkdir -p "$directory/usr/$top"
    cp -a "$directory/$top/." "$directory/usr/$top/"
    rm -rf "${directory:?}/$top"
  done
  rm -rf "$downloads"
}
