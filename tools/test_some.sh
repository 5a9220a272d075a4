# Sourced by ./dev: the tests of folders, or with labels, and the build that these need.
# shellcheck shell=bash

# label_of WORD: a label stands for itself, a folder for the label that its tests have.
label_of() {
    local word=${1%/}
    case $word in
    src/*) echo "${word#src/}" ;;
    bench/load) echo load ;;
    fuzz) echo fuzz ;;
    tools) echo check ;;
    tests/*) echo "${word#tests/}" ;;
    *) echo "$word" ;;
    esac
}

# What to build for a label: the program of one folder, where it is one; else everything.
targets_of() {
    local label
    for label in "$@"; do
        case $label in
        interop | hostile | messages | check) echo hermetic ;;
        *)
            if [[ -d src/$label ]]; then
                echo "${label}_test"
            else
                echo all
            fi
            ;;
        esac
    done | sort -u
}

test_some() {
    local word known pattern
    local -a labels=() targets=()
    step "Packages" need build test && step "Configuration" configure dev || { finish; return 1; }
    known=$(ctest --test-dir build/dev --print-labels | awk '/^  / { print $1 }')
    for word in "$@"; do
        labels+=("$(label_of "$word")")
        grep -qxF -- "${labels[-1]}" <<<"$known" ||
            die "no tests in or of '$word'; there are: $(tr '\n' ' ' <<<"$known")"
    done
    mapfile -t targets < <(targets_of "${labels[@]}")
    pattern=$(IFS='|'; echo "^(${labels[*]})\$")
    { step "Build (preset dev: ${targets[*]})" build dev "${targets[@]}" &&
        step "Tests (${labels[*]})" run_tests dev "$pattern"; } || true
    finish
}
