#!/usr/bin/env bash
# Makes a machine ready: Debian packages, native libraries from npm, the engine, the bridge to libtorch. Does only what is
# missing, so running it again costs a second. Needs the .NET SDK, npm and, for Debian packages that are missing, root.
#
# Usage: ./llm2clip setup        (Engine=nuget|system ./llm2clip setup chooses the engine; the default finds out)
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
mkdir -p "$natives/build"
if [[ "${1:-}" != locked ]]; then
  # -o: build servers outlive the set-up and must not inherit the lock.
  exec flock -o "$natives/build/setup.lock" "$root/eng/setup.sh" locked
fi

check_machine() {
  [[ "$(uname -sm)" == "Linux x86_64" ]] || fail "this runs on Linux x86-64 only (here: $(uname -sm))"
  (cd "$root" && dotnet --version > /dev/null 2>&1) \
    || fail "the .NET SDK that global.json asks for is missing: $(grep -o '"version": "[^"]*"' "$root/global.json" | head -1). Install it from https://dot.net"
  command -v npm > /dev/null || fail "npm is missing. Install Node.js 20 or later, then run ./llm2clip setup again"
}

# Native libraries at the pinned versions. The lock file holds their hashes; no script of a package is run.
install_npm() {
  local missing
  missing="$(cd "$natives" && node -e '
    const fs = require("fs");
    const wanted = JSON.parse(fs.readFileSync(process.argv[1])).dependencies;
    const have = name => { try { return JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`)).version } catch { return null } };
    console.log(Object.keys(wanted).filter(n => have(n) !== wanted[n]).join(" "));' "$root/eng/natives/package.json")"
  [[ -n "$missing" ]] || return 0
  say "installing native libraries: $missing"
  cp "$root/eng/natives/package.json" "$root/eng/natives/package-lock.json" "$natives/"
  (cd "$natives" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > build/npm.log 2>&1) \
    || { tail -5 "$natives/build/npm.log" >&2; fail "npm could not install them; the whole log is $natives/build/npm.log"; }
}

# The C++ runtime that TorchSharp 0.107's native library was built with (GCC 13).
torchsharp_runtime=GLIBCXX_3.4.32

# True where the system's C++ runtime is older than that.
old_cxx_runtime() {
  local library
  library="$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | awk '/libstdc\+\+\.so\.6 .*x86-64/ { print $NF; exit }')"
  [[ -n "$library" ]] && ! grep -q "$torchsharp_runtime" "$library"
}

# Prints why the packages of the nuget engine cannot be used; nothing if they can.
probe_packages() {
  local log="$natives/build/probe.log" part
  if old_cxx_runtime; then # known before a download of hundreds of megabytes
    echo "TorchSharp's native library needs libstdc++ with $torchsharp_runtime, and the one here is older"
    return
  fi
  for part in false true; do
    if ! dotnet restore "$root/eng/probe" -p:ProbeTorch=$part > "$log" 2>&1; then
      local absent
      absent="$(sed -nE 's/.*Unable to find package ([^ ]*[^ .]).*/\1/p; s/.* but ([^ ]+ [0-9][^ ]*) was not found.*/\1/p' "$log" | sort -u | paste -sd ',' | sed 's/,/, /g')"
      echo "the package registry has not got ${absent:-all of its packages (see $log)}"
      return
    fi
  done
  dotnet run --project "$root/eng/probe" -c Release > "$log" 2>&1 \
    || echo "its packages do not run here: $(grep -m 1 -E 'error|Exception' "$log" | cut -c 1-200)"
}

# Chooses the engine, remembers it with the reason, and says both.
choose_engine() {
  local chosen reason
  if [[ "${Engine:-auto}" != auto ]]; then
    find_engine
    chosen="$engine"
    reason="asked for by Engine=$Engine"
  else
    # Training with the packages can end with an error that is theirs (docs/status.md), so they are for machines that cannot have the system engine.
    chosen=system
    if command -v apt-get > /dev/null; then
      reason="its libraries come from Debian; Engine=nuget asks for the packages"
    elif [[ -z "$(missing_debian_packages)" ]]; then
      reason="its libraries are here; Engine=nuget asks for the packages"
    else
      local why_not
      why_not="$(probe_packages)"
      reason="nuget was tried and left: $why_not"
      if [[ -z "$why_not" ]]; then
        chosen=nuget
        reason="its packages are served and run here, and the system engine's libraries are not at hand"
      fi
    fi
    echo "$chosen" > "$natives/engine"
    echo "$reason" > "$natives/engine.reason"
  fi
  say "engine: $chosen ($reason)"
  export Engine="$chosen"
}

# Debian packages of the system engine: each with a file or command that shows that it is there.
missing_debian_packages() {
  command -v c++ > /dev/null || echo g++
  command -v cmake > /dev/null || echo cmake
  command -v ninja > /dev/null || echo ninja-build
  compgen -G '/usr/lib/*/libturbojpeg.so.0' > /dev/null || compgen -G '/usr/lib64/libturbojpeg.so.0' > /dev/null || echo libturbojpeg0
  if [[ -z "${LLM2CLIP_LIBTORCH:-}" ]]; then
    compgen -G '/usr/lib/*/cmake/Torch/TorchConfig.cmake' > /dev/null \
      || compgen -G '/usr/share/cmake/Torch/TorchConfig.cmake' > /dev/null || echo libtorch-dev
    # The reference BLAS is fifty times slower, the pthread build of OpenBLAS twice.
    compgen -G '/usr/lib/*/openblas-openmp/libopenblas.so' > /dev/null || echo libopenblas0-openmp libopenblas-openmp-dev
  fi
}

install_debian() {
  local packages
  packages="$(missing_debian_packages | paste -sd ' ')"
  [[ -n "$packages" ]] || return 0
  command -v apt-get > /dev/null \
    || fail "the system engine needs the equivalents of these Debian packages: $packages. Install them, or name a PyTorch: LLM2CLIP_LIBTORCH=FOLDER"
  [[ "$(id -u)" == 0 ]] || fail "Debian packages are missing. Run: sudo apt-get update && sudo apt-get install -y $packages"
  say "installing Debian packages: $packages"
  local log="$natives/build/apt.log"
  # shellcheck disable=SC2086
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } > "$log" 2>&1 \
    || { tail -5 "$log" >&2; fail "apt-get could not install them; the whole log is $log"; }
}

check_machine
setup_key > "$natives/build/setup.key"
install_npm
choose_engine
if [[ "$Engine" == system ]]; then
  install_debian
  "$root/eng/build-native.sh" --quiet
fi
mv "$natives/build/setup.key" "$natives/setup.key"
say "set-up is complete"
