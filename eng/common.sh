# Sourced by the scripts of this folder and by ./llm2clip: where things are, what a set-up is made from, how a project is built.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
natives="${LLM2CLIP_NATIVES:-$root/.natives}"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# say TEXT: one line for the user, on standard error, so that what a command prints stays clean.
say() { echo "llm2clip: $*" >&2; }

# fail TEXT: says it and ends.
fail() {
  say "$*"
  exit 1
}

# The engine in use: the one asked for (Engine in the environment), else the one that set-up found; empty before set-up.
engine() {
  case "${Engine:-auto}" in
    nuget | system) echo "$Engine" ;;
    auto) cat "$natives/engine" 2> /dev/null || true ;;
    *) fail "Engine is '$Engine'; it must be nuget, system or auto" ;;
  esac
}

# What a set-up is made from; another value means that set-up has to look again.
setup_key() {
  {
    echo "${Engine:-auto} ${LLM2CLIP_LIBTORCH:-system} ${LLM2CLIP_CXX_STANDARD:-}"
    cd "$root"
    cat eng/setup.sh eng/build-native.sh eng/natives/*.json eng/probe/*.cs* Directory.Packages.props
    find src/Engine.System/native -type f | sort | xargs cat
  } | sha256sum | cut -d ' ' -f 1
}

# Runs the set-up unless the last one was made from the same things and what it made is still there.
ensure_setup() {
  local engine
  engine="$(engine)" || exit 1
  if [[ "$(cat "$natives/setup.key" 2> /dev/null)" != "$(setup_key)" || ! -d "$natives/node_modules" ]] \
    || [[ "$engine" == system && ! -f "$natives/torch/libllm2clip_torch.so" ]]; then
    "$root/eng/setup.sh" >&2
  fi
}

# Source files of all projects, found in $root.
sources() {
  find src tests eng Directory.Build.props Directory.Packages.props global.json \
    \( -name bin -o -name obj -o -name native -o -name probe \) -prune -o -type f "$@"
}

# build PROJECT: builds it in Release where a source was added, removed or changed since the last time, or its output is gone; says so in
# one line.
build() {
  local project="$1" name stamp files
  name="$(basename "$project")"
  cd "$root"
  stamp="$natives/build/$name-$(engine).stamp"
  files="$(sources -print | sort)"
  if [[ -f "$stamp" && -f "$project/$(output)/$name.dll" && "$(cat "$stamp")" == "$files" && -z "$(sources -newer "$stamp" -print -quit)" ]]; then
    return
  fi
  mkdir -p "$natives/build"
  say "building $name (engine: $(engine))"
  local log="$natives/build/$name.log" started="$stamp.$$"
  echo "$files" > "$started"
  # -o: build servers outlive the build and must not inherit the lock.
  if ! flock -o "$natives/build/dotnet.lock" dotnet build "$project" -c Release -v q > "$log" 2>&1; then
    rm "$started"
    grep -E 'error' "$log" | sort -u | head -20 >&2 || true
    fail "the build failed; the whole log is $log"
  fi
  mv "$started" "$stamp"
}

# Folder of a project's Release build, relative to the project (Directory.Build.props keeps the engines' builds apart).
output() { [[ "$(engine)" == nuget ]] && echo bin/nuget/Release/net10.0 || echo bin/Release/net10.0; }
