# Sourced by ./dev: kills under load, a file system that fails, soaks under sanitizers.
# shellcheck shell=bash

# 45 of 100 parts for crashes, an eighth for a soak under either sanitizer; what is left, of ten minutes
# three, is about what the faults take on two processors: they are counted, not timed.
torture() {
    local minutes=$1
    step "Crashes: $((20 * minutes)) kills" torture_kills --kills $((20 * minutes)) --minutes "$((minutes * 45))e-2" || true
    step "Faults: each write point with each" torture_faults || true
    step "Soak, address and undefined sanitizers" torture_soak dev "$((minutes * 125))e-3" || true
    step "Soak, thread sanitizer" torture_soak tsan "$((minutes * 125))e-3" || true
}

torture_kills() {
    raise_descriptors
    HERMETIC="$PWD/build/release/src/daemon/hermetic" tests/crash/run "$@"
}

# Half of their time these wait: two processes for each processor, each with its share of the cases.
torture_faults() {
    local shards
    shards=$((2 * $(nproc)))
    seq 0 $((shards - 1)) | HERMETIC_TORTURE=1 xargs -P "$shards" -I{} \
        env HERMETIC_SHARD="{}/$shards" build/torture/tests/crash/spool_faults_test --gtest_brief=1
}

torture_soak() {
    raise_descriptors
    HERMETIC="$PWD/build/$1/src/daemon/hermetic" plain_addresses tests/crash/soak --minutes "$2"
}

build_for_torture() {
    build release hermetic && build torture spool_faults_test && build dev hermetic && build tsan hermetic
}

torture_command() {
    local minutes=${1-10}
    if [[ ! $minutes =~ ^[1-9][0-9]*$ ]]; then
        step "Packages" need build test &&
            step "Build (preset release)" build release hermetic &&
            step "Crashes" torture_kills "$@" || true
        finish
        return
    fi
    step "Packages" need build test &&
        step "Build (presets release, torture, dev, tsan)" build_for_torture &&
        torture "$minutes" || true
    finish
}
