#!/usr/bin/env bash
# Shows that the .NET SDK is all that the project needs: clones the last commit into an empty folder, takes everything but the SDK and
# basic tools off the PATH, and runs ./llm2clip doctor there, build included. Prints the time, and the size of the packages that it used.
#
# Usage: eng/sdk-only.sh [COMMAND ...]      another command of ./llm2clip instead of doctor, such as: eng/sdk-only.sh test -class NAME
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
[[ $# -gt 0 ]] || set -- doctor
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git clone --quiet --no-hardlinks "$root" "$work/llm2clip"

# What every Linux system has, by name: nothing that compiles, downloads or installs.
basics=(bash sh env cat cp cut date dirname find flock grep head id ln ls mkdir mktemp mv paste printf ps pwd readlink rm rmdir sed sleep sort tail
  tee touch tr uname uniq wc xargs awk stat kill)
mkdir "$work/bin"
for tool in "${basics[@]}"; do
  path="$(type -P "$tool")" && ln -s "$path" "$work/bin/$tool"
done
ln -s "$(readlink -f "$(type -P dotnet)")" "$work/bin/dotnet"
PATH="$work/bin"
for absent in node npm cmake ninja make g++ gcc c++ cc clang python3 apt-get git curl wget; do
  ! type -P "$absent" > /dev/null || { echo "sdk-only: $absent is still on the PATH" >&2; exit 1; }
done

cd "$work/llm2clip"
began="${EPOCHREALTIME/./}"
./llm2clip "$@"
ended="${EPOCHREALTIME/./}"

# The packages of the command line's restore, each counted once, as they are in NuGet's cache.
assets=src/Llm2Clip.Cli/obj/project.assets.json
cache="$(sed -nE 's/^ *"packagesPath": "(.*)",?$/\1/p' "$assets" | head -1)"
bytes=0 count=0
while read -r package; do
  for file in "$cache/$package"/*.nupkg; do
    [[ -f "$file" ]] || continue
    bytes=$((bytes + $(stat -c %s "$file"))) count=$((count + 1))
  done
done < <(sed -nE 's/^ *"path": "([^"]+)",?$/\1/p' "$assets" | grep -v '^\.\.' | sort -u)
awk -v us=$((ended - began)) -v bytes="$bytes" -v count="$count" -v command="./llm2clip $*" \
  'BEGIN { printf "%s on a fresh clone, packages in the cache: %.0f s; %d packages, %.0f MB to download on a fresh machine\n", command, us / 1e6, count, bytes / 1e6 }'
