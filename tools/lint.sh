# Sourced by ./dev: formatting, tools/check_*, headers that stand alone, clang-tidy.
# shellcheck shell=bash

# The commit that this work started from; the last one where nothing says so.
merge_base() {
    local branch base
    for branch in origin/HEAD origin/main main; do
        base=$(git merge-base HEAD "$branch" 2>/dev/null) || continue
        [[ $base != $(git rev-parse HEAD) ]] && echo "$base" && return
    done
    git rev-parse -q --verify HEAD~1 || git hash-object -t tree /dev/null
}

# What clang-tidy reads: changed sources, and for a changed header the source of the same name.
tidy_files() {
    local file
    if [[ ${1-} == --all ]]; then
        sources | grep '\.cc$'
        return
    fi
    { git diff --name-only --diff-filter=d "$(merge_base)"; git ls-files -o --exclude-standard; } |
        grep -E '\.(h|cc)$' | while read -r file; do
        file=${file%.*}.cc
        [[ -f $file ]] && echo "$file"
    done | sort -u
}

check_format() { sources | xargs -r clang-format-14 --dry-run -Werror; }

check_tree() {
    local failed=0
    tools/check_layers || failed=1
    tools/check_awaits || failed=1
    tools/check_docs || failed=1
    return $failed
}

check_headers() { build tidy all_verify_interface_header_sets -- -k 0; }

check_tidy() {
    local -a files
    configure tidy && cmake build/tidy -Wno-dev >/dev/null || return 1
    # Only what this tree builds has flags to be read with.
    mapfile -t files < <(tidy_files "$@" | while read -r file; do
        grep -qF "/$file\"" build/tidy/compile_commands.json && echo "$file"
    done)
    echo "${#files[@]} files"
    ((${#files[@]})) || return 0
    printf '%s\0' "${files[@]}" |
        xargs -0 -n 1 -P "$(parallel_jobs)" clang-tidy-14 --quiet -p build/tidy \
            2> >(grep -vE '^[0-9]+ warnings? (generated|treated as)|^Suppressed|^Use -header-filter' >&2)
}

lint() {
    local failed=0
    step "Formatting" check_format || failed=1
    step "Layers, awaits, documents" check_tree || failed=1
    step "Headers stand alone" check_headers || failed=1
    step "clang-tidy" check_tidy "$@" || failed=1
    return $failed
}

lint_command() {
    [[ -z ${1-} || $1 == --all ]] || die "lint takes nothing or --all"
    need build lint
    lint "$@" || true
    finish
}
