# Sourced by ./llm2clip and the scripts of this folder: where things are, how a project is built. Everything comes with `dotnet build`.
root="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)"
state="$root/artifacts/build"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# say TEXT: one line for the user, on standard error, so that what a command prints stays clean.
say() { echo "llm2clip: $*" >&2; }

# fail TEXT: says it and ends.
fail() {
  say "$*"
  exit 1
}

# Sets $output to the folder of a project's Release build; of the program it is what `dotnet publish` makes, compiled ahead of time
# (Llm2Clip.Cli.csproj).
find_output() {
  output="$root/$1/bin/Release/net10.0"
  [[ "$1" != src/Llm2Clip.Cli ]] || output+=/publish
}

# only_just_in_time LOG: true, and said, where a build failed for want of the packages that compile ahead of time, which can be done without.
only_just_in_time() {
  grep -qE 'NU[0-9]+.*Microsoft\.(NETCore|AspNetCore)\.App\.(Crossgen2|Runtime)' "$1" || return 1
  say "not compiled ahead of time, so that a start takes twice as long: the package registry does not have the SDK's Microsoft.NETCore.App.Crossgen2"
}

# missing_packages LOG: says which packages a restore did not find, in one line; false where that is not what a build failed for.
missing_packages() {
  local absent
  absent="$(sed -nE 's/.*NU1101: Unable to find package ([^ ]*[^ .]).*/\1/p; s/.*NU110[23]: Unable to find .*package ([^ ]+) .*/\1/p' "$1" |
    sort -u | paste -sd ',' | sed 's/,/, /g')"
  [[ -n "$absent" ]] || return 1
  [[ "${Cuda:-}" != true ]] || absent+=" (needed by Cuda=true; without it the program computes on the CPU)"
  say "the package registry does not have $absent"
}

# build PROJECT: builds it in Release where a source was added, removed or changed since the last time, where Cuda changed, or where its output is
# gone; says so in one line.
build() {
  local project="$1" name="${1##*/}" stamp log
  local folders=(src eng .editorconfig Directory.Build.props Directory.Packages.props global.json)
  [[ "$project" == src/* ]] || folders+=("${project%%/*}" tools)
  # The source files, one per line; more lines by the options given.
  sources() { find "${folders[@]}" \( -name bin -o -name obj \) -prune -o -type f -print "$@"; }
  find_output "$project"
  stamp="$state/$name${Cuda:+-cuda-$Cuda}.stamp"
  log="$state/$name.log"
  cd "$root"
  # -newercm looks at the change of the inode, which also a copy that keeps times has.
  if [[ -f "$stamp" && -f "$output/$name.dll" && "$(< "$stamp")" == "$(sources -newercm "$stamp" -print)" ]]; then
    return
  fi
  command -v dotnet > /dev/null || fail "the .NET SDK is missing ($(grep -o '"version": "[^"]*"' global.json)). Install it from https://dot.net"
  mkdir -p "$state"
  say "building $name"
  rm -f "$state/$name"*.stamp
  sources > "$stamp.$$"
  # -o: build servers outlive the build and must not inherit the lock.
  compile() { flock -o "$state/dotnet.lock" dotnet "$@" "$project" -c Release -v q > "$log" 2>&1; }
  local built=true
  if [[ "$output" == */publish ]]; then
    # Named, as the SDK's own choice holds the platform's name.
    local place="-p:PublishDir=$output/"
    compile publish "$place" -p:AheadOfTime=true || { only_just_in_time "$log" && compile publish "$place"; } || built=false
  else
    compile build || built=false
  fi
  if ! "$built"; then
    rm "$stamp.$$"
    ! missing_packages "$log" || exit 1
    grep -E 'error' "$log" | sort -u | head -20 >&2 || true
    fail "the build failed; the whole log is $log"
  fi
  mv "$stamp.$$" "$stamp"
}
