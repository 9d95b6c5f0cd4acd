#!/usr/bin/env bash
# Prints the path of a kubectl that knows `labels:` and `components:` of kustomize (1.27 or newer): the one on the
# PATH, or Debian trixie's, unpacked once into a cache. Exits 77 where neither can be had.
# --unpacked: does not look at the PATH.
set -euo pipefail

readonly MINOR_MIN=27
readonly EXIT_SKIPPED=77
readonly PACKAGE=kubectl
readonly SUITE=trixie
# Two index files and 15 MB of package; a mirror that takes longer is not there.
readonly SECONDS_MAX=240
readonly cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/afk-kubectl"

# Whether this kubectl runs and is new enough. It asks no server.
is_new_enough() {
  local minor
  minor="$(timeout 30 "$1" version --client 2>/dev/null |
    sed -nE 's/.*(Client Version: v|GitVersion:"v)1\.([0-9]+).*/\2/p' | head -n 1)"
  [[ -n "$minor" && "$minor" -ge "$MINOR_MIN" ]]
}

# As an ordinary user, beside the machine's own package lists.
unpack() {
  local work="$1" arch keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get dpkg-deb >/dev/null || return 1
  [[ -r "$keyring" ]] || return 1
  arch="$(dpkg --print-architecture)"
  mkdir -p "$work"/{lists/partial,archives/partial,deb,root}
  echo "deb [arch=$arch signed-by=$keyring] http://deb.debian.org/debian $SUITE main" >"$work/sources.list"
  local options=(
    -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/archives"
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=30
  )
  timeout "$SECONDS_MAX" apt-get "${options[@]}" update >&2 || return 1
  (cd "$work/deb" && timeout "$SECONDS_MAX" apt-get "${options[@]}" download "$PACKAGE/$SUITE" >&2) || return 1
  dpkg-deb -x "$work"/deb/*.deb "$work/root"
  [[ -x "$work/root/usr/bin/kubectl" ]]
}

if [[ "${1:-}" != "--unpacked" ]] && found="$(command -v kubectl)" && is_new_enough "$found"; then
  echo "$found"
  exit
fi
if ! is_new_enough "$cache/kubectl"; then
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  if ! unpack "$work"; then
    echo "no kubectl 1.$MINOR_MIN or newer, and Debian's $PACKAGE of $SUITE could not be unpacked" >&2
    exit "$EXIT_SKIPPED"
  fi
  mkdir -p "$cache"
  # Into place by a rename: two that unpack at once leave one whole file.
  cp "$work/root/usr/bin/kubectl" "$cache/kubectl.$$"
  mv "$cache/kubectl.$$" "$cache/kubectl"
  is_new_enough "$cache/kubectl" || exit "$EXIT_SKIPPED"
fi
echo "$cache/kubectl"
