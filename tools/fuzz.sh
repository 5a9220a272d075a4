# Sourced by ./dev: libFuzzer programs of fuzz/, built with Clang.
# shellcheck shell=bash

# fuzz_one NAME SECONDS: what is new goes to build/fuzz-corpus/, failing inputs to build/fuzz-findings/.
fuzz_one() {
    local name=$1 seconds=$2 program=build/fuzz/fuzz/$1_fuzz
    local -a dictionary=()
    if [[ -f fuzz/dictionaries/$name.dict ]]; then dictionary=("-dict=fuzz/dictionaries/$name.dict"); fi
    mkdir -p "build/fuzz-corpus/$name" "build/fuzz-findings/$name" "fuzz/corpus/$name"
    ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-14 plain_addresses "$program" \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="build/fuzz-findings/$name/" \
        "${dictionary[@]}" "build/fuzz-corpus/$name" "fuzz/corpus/$name" >"build/fuzz-findings/$name.log" 2>&1 || {
        tail -n 40 "build/fuzz-findings/$name.log"
        echo "$name: FAILED; the input lies in build/fuzz-findings/$name/"
        return 1
    }
    awk -v name="$name" '/number_of_executed_units/ { runs = $2 } /peak_rss_mb/ { peak = $2 }
        END { printf "%-28s %12s runs, %s MB\n", name, runs, peak }' "build/fuzz-findings/$name.log"
}

fuzz() {
    export -f fuzz_one plain_addresses
    fuzz_names "$1" | xargs -P 2 -I{} bash -c 'fuzz_one "$@"' fuzz_one {} "$2"
}

fuzz_names() {
    if [[ $1 == all ]]; then
        find fuzz -maxdepth 1 -name '*_fuzz.cc' -printf '%f\n' | sed 's/_fuzz\.cc$//' | sort
    else
        echo "$1"
    fi
}

# Only inputs that reach something new, each made as small as it can be.
keep_corpus() {
    local name
    while read -r name; do
        "build/fuzz/fuzz/${name}_fuzz" -merge=1 "fuzz/corpus/$name" "build/fuzz-corpus/$name" 2>&1 |
            grep 'MERGE-OUTER.*new files' || true
    done < <(fuzz_names "$1")
}

fuzz_command() {
    local keep=0 argument
    local -a plain=()
    for argument in "$@"; do
        if [[ $argument == --keep ]]; then keep=1; else plain+=("$argument"); fi
    done
    local name=${plain[0]-all} seconds=${plain[1]-60}
    [[ $seconds =~ ^[0-9]+$ ]] || die "fuzz takes a target, then seconds: $seconds"
    if [[ $name != all && ! -f fuzz/${name}_fuzz.cc ]]; then
        die "no fuzz/${name}_fuzz.cc; there are: $(fuzz_names all | tr '\n' ' ')"
    fi
    local target=fuzzers
    [[ $name == all ]] || target=${name}_fuzz
    step "Packages" need build fuzz &&
        step "Build (preset fuzz: Clang)" build fuzz "$target" &&
        step "Fuzz $name, $seconds seconds each" fuzz "$name" "$seconds" || true
    ((keep)) && keep_corpus "$name"
    finish
}
