# Sourced by ./dev: benchmarks, and hostile clients at full size, of the release build.
# shellcheck shell=bash

run_hostile() {
    raise_descriptors
    HERMETIC="$PWD/build/release/src/daemon/hermetic" tests/hostile/run "$@"
}

run_benches() {
    local program failed=0
    local -a brief=()
    if [[ ${1-} == --smoke ]]; then brief=(--benchmark_min_time=0.01); fi
    raise_descriptors
    while read -r program; do
        say "$(basename "$program")"
        "$program" "${brief[@]}" || failed=1
    done < <(find build/release/src -name '*_bench' -type f -perm -u+x | sort)
    say "bench/run"
    HERMETIC="$PWD/build/release/src/daemon/hermetic" bench/run "$@" || failed=1
    return $failed
}

bench_command() {
    step "Packages" need build bench &&
        step "Build (preset release: link-time optimisation, hardening)" build release hermetic benches &&
        step "Benchmarks" run_benches "$@" || true
    finish
}
