# Sourced by the scripts of this folder and by ./llm2clip: where things are, what a set-up is made from, how a project is built.
root="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)"
natives="${LLM2CLIP_NATIVES:-$root/.natives}"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# say TEXT: one line for the user, on standard error, so that what a command prints stays clean.
say() { echo "llm2clip: $*" >&2; }

# fail TEXT: says it and ends.
fail() {
  say "$*"
  exit 1
}

# Sets $engine to the engine in use: the one asked for (Engine in the environment), else the one that set-up found; empty before set-up.
find_engine() {
  engine=""
  case "${Engine:-auto}" in
    nuget | system) engine="$Engine" ;;
    auto) [[ ! -f "$natives/engine" ]] || read -r engine < "$natives/engine" ;;
    *) fail "Engine is '$Engine'; it must be nuget, system or auto" ;;
  esac
}

# What a set-up is made from, the environment's wishes and files; another key means that set-up has to look again.
setup_settings="${Engine:-auto} ${LLM2CLIP_LIBTORCH:-system} ${LLM2CLIP_CXX_STANDARD:-}"
setup_inputs=(eng/setup.sh eng/build-native.sh eng/natives eng/probe Directory.Packages.props src/Engine.System/native)
setup_key() {
  echo "$setup_settings"
  cd "$root"
  find "${setup_inputs[@]}" \( -name bin -o -name obj \) -prune -o -type f -print | sort | xargs cat | sha256sum | cut -d ' ' -f 1
}

# Runs the set-up unless the last one was made from the same things and what it made is still there. They are hashed only where one was
# touched since (-newercm looks at the change of the inode, which also a copy that keeps times has, and at folders, which tell of removals).
ensure_setup() {
  local settings="" made="$natives/setup.key"
  find_engine
  cd "$root"
  [[ ! -f "$made" ]] || IFS= read -r settings < "$made"
  if [[ "$settings" != "$setup_settings" || ! -d "$natives/node_modules" ]] \
    || [[ "$engine" == system && ! -f "$natives/torch/libllm2clip_torch.so" ]]; then
    "$root/eng/setup.sh" >&2
  elif [[ -n "$(find "${setup_inputs[@]}" -newercm "$made" -print -quit)" ]]; then
    if [[ "$(< "$made")" == "$(setup_key)" ]]; then
      touch "$made"
    else
      "$root/eng/setup.sh" >&2
    fi
  fi
  find_engine
}

# Sets $output to the folder of a project's Release build: the engines' builds lie apart (eng/Engine.props), and of the program it is what
# `dotnet publish` makes, compiled ahead of time (Llm2Clip.Cli.csproj).
find_output() {
  output="$root/$1/bin/Release/net10.0"
  if [[ "$engine" == nuget ]]; then
    output="$root/$1/bin/nuget/Release/net10.0"
  elif [[ "$1" == src/Llm2Clip.Cli ]]; then
    output+=/linux-x64/publish
  fi
}

# only_just_in_time LOG: true, and said, where a build failed for want of the packages that compile ahead of time, which can be done without.
only_just_in_time() {
  grep -qE 'NU[0-9]+.*Microsoft\.NETCore\.App\.(Crossgen2|Runtime)' "$1" || return 1
  say "not compiled ahead of time, so that a start takes twice as long: the package registry has not got the SDK's Microsoft.NETCore.App.Crossgen2"
}

# build PROJECT: builds it in Release where a source was added, removed or changed since the last time, or its output is gone; says so in
# one line.
build() {
  local project="$1" name="${1##*/}" stamp log
  local folders=(src eng Directory.Build.props Directory.Packages.props global.json)
  [[ "$project" == src/* ]] || folders+=("${project%%/*}")
  # The source files, one a line; more lines by the options given.
  sources() { find "${folders[@]}" \( -name bin -o -name obj -o -name native -o -name probe \) -prune -o -type f -print "$@"; }
  find_output "$project"
  stamp="$natives/build/$name-$engine.stamp"
  log="$natives/build/$name.log"
  cd "$root"
  if [[ -f "$stamp" && -f "$output/$name.dll" && "$(< "$stamp")" == "$(sources -newercm "$stamp" -print)" ]]; then
    return
  fi
  mkdir -p "$natives/build"
  say "building $name (engine: $engine)"
  sources > "$stamp.$$"
  # -o: build servers outlive the build and must not inherit the lock.
  compile() { flock -o "$natives/build/dotnet.lock" dotnet "$@" "$project" -c Release -v q > "$log" 2>&1; }
  local built=true
  if [[ "$output" == */publish ]]; then
    compile publish -p:AheadOfTime=true || { only_just_in_time "$log" && compile publish; } || built=false
  else
    compile build || built=false
  fi
  if ! "$built"; then
    rm "$stamp.$$"
    grep -E 'error' "$log" | sort -u | head -20 >&2 || true
    fail "the build failed; the whole log is $log"
  fi
  mv "$stamp.$$" "$stamp"
}
