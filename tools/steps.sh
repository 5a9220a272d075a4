# Sourced by ./dev and by tools/*.sh: packages, builds, tests, and the closing table of steps.
# shellcheck shell=bash

say() { printf '\n=== %s\n' "$*" >&2; }
die() {
    printf './dev: %s\n' "$*" >&2
    exit 1
}

# Compiling takes up to 1.5 GB a job here: on a machine with many cores memory is the limit.
parallel_jobs() {
    local cores memory_gb
    cores=$(nproc)
    memory_gb=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
    echo $((memory_gb < 1 ? 1 : memory_gb < cores ? memory_gb : cores))
}

# Thousands of sessions need as many descriptors; more than this some peers loop over at start.
raise_descriptors() {
    local hard
    hard=$(ulimit -Hn)
    if [[ $hard == unlimited ]] || ((hard > 65536)); then hard=65536; fi
    ulimit -Sn "$hard" 2>/dev/null || true
}

need() { tools/install_packages "$@"; }

# Names, seconds and results of the steps so far, for the closing table.
declare -a step_names=() step_seconds=() step_results=()

# Runs a command as a named step. Its failure is kept for the table and returned. (Within a step
# errexit does not hold, as bash has it: what is run says "|| return" itself.)
step() {
    local name=$1 start=$SECONDS result=ok
    shift
    say "$name"
    ("$@") || result=FAILED
    step_names+=("$name")
    step_seconds+=($((SECONDS - start)))
    step_results+=("$result")
    [[ $result == ok ]]
}

# Prints the table of steps; fails if one of them failed.
finish() {
    local i failed=0
    say "Time taken"
    for i in "${!step_names[@]}"; do
        printf '%4d:%02d  %-6s  %s\n' $((step_seconds[i] / 60)) $((step_seconds[i] % 60)) \
            "${step_results[i]}" "${step_names[i]}" >&2
        [[ ${step_results[i]} == ok ]] || failed=1
    done
    printf '%4d:%02d  in all\n' $((SECONDS / 60)) $((SECONDS % 60)) >&2
    return $failed
}

# A test that cannot run on this machine has said so, and ends with 77.
unless_left_out() {
    local result=0
    "$@" || result=$?
    ((result == 0 || result == 77))
}

# configure PRESET: CMake sees by itself to what changed since, but for the presets.
configure() {
    if [[ ! -f build/$1/build.ninja || CMakePresets.json -nt build/$1/CMakeCache.txt ]]; then
        cmake --preset "$1" -Wno-dev
    fi
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    configure "$preset" || return 1
    cmake --build "build/$preset" --parallel "$(parallel_jobs)" ${1:+--target "$@"}
}

# The sanitizers of these compilers do not start where a kernel randomises more address bits than
# they knew of; without randomisation they do.
plain_addresses() {
    local bits
    bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
    if ((bits > 28)) && setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

# run_tests PRESET LABELS: ctest's closing line is what continuous integration reads. Two at a time:
# more would change what the timing of a peer's answers tells.
run_tests() {
    local preset=$1 labels=$2 failed=0
    raise_descriptors
    tools/left_out --beforehand
    HERMETIC="$PWD/build/$preset/src/daemon/hermetic" UBSAN_OPTIONS=print_stacktrace=1 \
        TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=$PWD/tools/tsan_suppressions" \
        plain_addresses ctest --test-dir "build/$preset" --output-on-failure --parallel 2 --timeout 900 \
        --no-tests=error ${labels:+-L "$labels"} || failed=1
    tools/left_out "build/$preset/Testing/Temporary/LastTest.log"
    return $failed
}

sources() { git ls-files -co --exclude-standard -- '*.h' '*.cc' | sort -u | xargs -r ls -d 2>/dev/null; }
