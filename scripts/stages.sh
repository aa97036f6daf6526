# Sourced by the scripts here and .ci/run. `stage NAME COMMAND…` runs a command as a named, timed stage; the first one that fails
# ends the script with its name. The times of all stages are printed when the script ends.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${FORGE_JOBS:-$(nproc)}
# ccache keeps its files below HOME, which some runners do not set.
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
cd "$root"

stage_names=()
stage_seconds=()

stage() {
  local name=$1 begin=$SECONDS status=0
  shift
  printf '\n==> %s\n' "$name"
  # Not `if "$@"`: inside a condition, bash would not stop a function at its first failing command.
  set +e
  (set -e; "$@")
  status=$?
  set -e
  stage_names+=("$name")
  stage_seconds+=($((SECONDS - begin)))
  if ((status != 0)); then
    failed_stage=$name
    exit "$status"
  fi
}

print_stages() {
  local status=$? i
  printf '\n%s: stage times\n' "${0#"$root"/}"
  for i in "${!stage_names[@]}"; do
    printf '  %-28s %3d min %02d s\n' "${stage_names[i]}" $((stage_seconds[i] / 60)) $((stage_seconds[i] % 60))
  done
  printf '  %-28s %3d min %02d s\n' total $((SECONDS / 60)) $((SECONDS % 60))
  if [[ -n ${failed_stage:-} ]]; then printf 'FAILED: stage "%s" (exit status %d)\n' "$failed_stage" "$status"; fi
  return 0
}
trap print_stages EXIT

# build PRESET: configures and builds it.
build() {
  cmake --preset "$1"
  cmake --build --preset "$1" --parallel "$jobs"
}
