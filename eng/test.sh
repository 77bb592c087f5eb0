#!/usr/bin/env bash
# Builds and runs the tests, and closes with the runner's own counts: "N passed, N failed", and "N skipped" where there are any.
# A run in which no test was executed is a failure.
#
# Usage: ./llm2clip test                 everything: first the layout of the source files, then the tests
#        ./llm2clip test golden          the tests against golden files alone (LLM2CLIP_GOLDEN names another set)
#        ./llm2clip test -class NAME     options of the runner
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
arguments=("$@")
if [[ "${1:-}" == golden ]]; then
  arguments=(-trait Category=Golden "${@:2}")
fi
if [[ $# == 0 ]]; then
  say "checking the layout of the source files"
  format=(dotnet format whitespace . --folder --include src/ tools/ tests/ bench/)
  (cd "$root" && "${format[@]}" --verify-no-changes >&2) || fail "this mends what is named above: ${format[*]}"
fi
build tests/Llm2Clip.Tests

# The frames of the threads that crashed, innermost first: managed methods by name, native ones by library.
fallen_thread() {
  compgen -G "$report.*.crashreport.json" > /dev/null || return 0
  say "where it fell:"
  awk -F '"' '
    $2 == "crashed" { fallen = $4 == "true" }
    fallen && $2 ~ /^(unmanaged_name|native_module|method_name)$/ { print "    " $4 }
  ' "$report".*.crashreport.json >&2
}

# A crash in native code leaves no exception; the runtime's crash report says which thread fell, in which library, under which test.
report="$state/test"
rm -f "$report".*.crashreport.json
export DOTNET_DbgEnableMiniDump=1 DOTNET_EnableCrashReportOnly=1 DOTNET_DbgMiniDumpName="$report.%p"

log="$state/test.log"
status=0
"$output/Llm2Clip.Tests" -noColor "${arguments[@]}" 2>&1 | tee "$log" || status=$?

totals="$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+, Not Run: [0-9]+' "$log" | tail -1)" || true
[[ -n "$totals" ]] || { fallen_thread; fail "the test runner ended with code $status before its totals; the whole output is $log"; }
count() { sed -E "s/.*$1: ([0-9]+).*/\1/" <<< "$totals"; }
failed=$(($(count Failed) + $(count Errors)))
skipped=$(count Skipped)
passed=$(($(count Total) - $(count Failed) - skipped - $(count 'Not Run')))
if ((passed + failed == 0)); then
  say "no test was executed"
  status=1
fi
((failed == 0)) || status=1
echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
exit "$status"
