#!/usr/bin/env bash
# Builds the C++ bridge to libtorch and libllama's matrix products into .natives/torch/libllm2clip_{torch,llama}.so. Incremental: a second
# run without changes takes a second. LLM2CLIP_LIBTORCH names a PyTorch install to build against instead of the system's libtorch; a change
# of it starts afresh.
#
# Usage: eng/build-native.sh [--quiet]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
natives="${LLM2CLIP_NATIVES:-$root/.natives}"
build="$natives/build/torch"

for tool in cmake ninja c++; do
  command -v "$tool" > /dev/null || { echo "build-native: $tool is missing. Install it: apt-get install cmake ninja-build g++" >&2; exit 1; }
done
if [[ -z "${LLM2CLIP_LIBTORCH:-}" ]] && ! compgen -G "/usr/lib/*/cmake/Torch/TorchConfig.cmake" > /dev/null \
    && ! compgen -G "/usr/share/cmake/Torch/TorchConfig.cmake" > /dev/null; then
  echo "build-native: no libtorch. Install it (apt-get install libtorch-dev libopenblas-openmp-dev), or name one: LLM2CLIP_LIBTORCH=/path/to/site-packages/torch" >&2
  exit 1
fi

mkdir -p "$build" "$natives/torch"
stamp="$build/libtorch"
wanted="${LLM2CLIP_LIBTORCH:-system} ${LLM2CLIP_CXX_STANDARD:-17}"
if [[ ! -f "$stamp" || "$(cat "$stamp")" != "$wanted" ]]; then
  rm -rf "$build"
  mkdir -p "$build"
fi
launcher=()
if [[ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ]] && command -v ccache > /dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
log="$build/build.log"
if ! { [[ -f "$build/build.ninja" ]] || cmake -G Ninja -S "$root/src/Engine.System/native" -B "$build" -DCMAKE_BUILD_TYPE=Release \
        "-DLLM2CLIP_LIBTORCH=${LLM2CLIP_LIBTORCH:-}" "-DLLM2CLIP_CXX_STANDARD=${LLM2CLIP_CXX_STANDARD:-17}" "${launcher[@]}" && cmake --build "$build"; } > "$log" 2>&1; then
  grep -E 'error|Error|FAILED' "$log" | head -40 >&2 || true
  echo "build-native: failed, the whole log is $log" >&2
  exit 1
fi
echo "$wanted" > "$stamp"
# A rename, so that a process that runs on the old library keeps it.
for library in libllm2clip_torch.so libllm2clip_llama.so; do
  target="$natives/torch/$library"
  if ! cmp -s "$build/$library" "$target"; then
    cp "$build/$library" "$target.new"
    mv "$target.new" "$target"
  fi
  [[ "${1:-}" == --quiet ]] || echo "build-native: $target"
done
