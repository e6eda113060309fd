#!/usr/bin/env bash
# The tests of the Redis tier against other servers than the system's: those of other releases of
# Debian, unpacked into a temporary folder and not installed. Redis 6.0 is the oldest, for README's
# 6.2, which Debian has never had. One that cannot be had is said so, and left out.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
libraries=usr/lib/$(uname -m)-linux-gnu
missing=0

# From where the system has its own packages.
debian=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 '/debian/$' || true)
[ -n "$debian" ] || { echo 'NOT TESTED: other servers, on a system that is not Debian' >&2; exit 0; }

# unpack <release> <package>...: into a folder of the release's name
unpack() {
  local release=$1 root=$home/$1
  shift
  mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/debs"
  echo "deb $debian $release main" > "$root/sources"
  local options=(
    -qq -o "Dir::Etc::SourceList=$root/sources" -o Dir::Etc::SourceParts=-
    -o "Dir::State::Lists=$root/lists" -o "Dir::Cache=$root/cache" -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" -o APT::Update::Error-Mode=any update > "$root/said" 2>&1 || return 1
  (cd "$root/debs" && apt-get "${options[@]}" download "${@/%//$release}" >> "$root/said" 2>&1) || return 1
  for deb in "$root"/debs/*.deb; do dpkg-deb --extract "$deb" "$root"; done
}

# server <name> <release> <loader> <program>: a command that runs it with its release's libraries
server() {
  local command=$home/$1 root=$home/$2
  printf '#!/bin/sh\nexport LUA_CPATH=%q\n' "$root/$libraries/lua/5.1/?.so" > "$command"
  if [ "$3" = own ]; then
    local loader
    loader=$(echo "$root/$libraries"/ld-linux-*.so.*)
    printf 'exec %q --library-path %q %q "$@"\n' "$loader" "$root/$libraries" "$root/$4" >> "$command"
  else
    printf 'export LD_LIBRARY_PATH=%q\nexec %q "$@"\n' "$root/$libraries" "$root/$4" >> "$command"
  fi
  chmod +x "$command"
}

# try <name> <vitest's arguments>...
try() {
  local name=$1
  if ! "$home/$name" --version; then
    echo "NOT TESTED: $name" >&2
    missing=$((missing + 1))
    return
  fi
  REDIS_SERVER=$home/$name node node_modules/vitest/vitest.mjs run "${@:2}"
}

newer=(redis-server redis-tools valkey-server valkey-tools libc6 libatomic1 libjemalloc2 liblzf1 libssl3t64 libstdc++6
  libsystemd0 libgcc-s1 libzstd1 libcap2 zlib1g)
older=(redis-server redis-tools libssl1.1 libhiredis0.14 liblua5.1-0 lua-cjson lua-bitop)

if unpack trixie "${newer[@]}"; then
  server redis-8.0 trixie own usr/bin/redis-server
  server valkey-8.1 trixie own usr/bin/valkey-server
fi
if unpack bullseye "${older[@]}"; then
  server redis-6.0 bullseye system usr/bin/redis-server
fi

try redis-8.0 test/tiers/redis
try valkey-8.1 test/tiers/redis
# Rights to channels came with 6.2. What the tests of a cluster tell it came with 7.0, and that a
# script is refused when there are too few replicas.
try redis-6.0 test/tiers/redis --exclude '**/redis-acl*' --exclude '**/redis-cluster*' \
  -t '^(?!.*(may not run scripts|too few replicas))'

echo "$((3 - missing)) other servers tested, $missing not"
