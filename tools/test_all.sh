# Sourced by ./dev: everything that can be run of this tree.
# shellcheck shell=bash

. tools/bench.sh
. tools/fuzz.sh
. tools/lint.sh
. tools/torture.sh

# Every step runs, whatever became of those before it: one night's run should tell everything.
test_all() {
    step "Packages" need build test lint fuzz bench package || { finish; return 1; }
    lint || true
    step "Build (preset dev)" build dev && step "Tests" run_tests dev "" || true
    step "Build (preset tsan)" build tsan &&
        step "Tests under the thread sanitizer" run_tests tsan "^(unit|lab)$" || true
    step "Build (preset fuzz)" build fuzz fuzzers && step "Fuzz, 20 seconds each" fuzz all 20 || true
    step "Build (preset release)" build release hermetic benches &&
        { step "Benchmarks, briefly" run_benches --smoke || true
            step "Hostile clients and peers, at full size" run_hostile --long || true
            step "Package" packaging/build_deb &&
                step "Upgrade and downgrade" unless_left_out packaging/upgrade_test.py || true; } || true
    step "Build for torture" build_for_torture && torture 4 || true
    finish
}
