# Compiler and linker flags of every target, in one interface library.
add_library(hermetic_flags INTERFACE)
target_include_directories(hermetic_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(hermetic_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wimplicit-fallthrough)
if(NOT HERMETIC_WARNINGS)
    target_compile_options(hermetic_flags INTERFACE -w)
    add_link_options(-w)
elseif(HERMETIC_WERROR)
    target_compile_options(hermetic_flags INTERFACE -Werror)
endif()

# Bounds of operator[], span, string_view and optional are checked in every build, the packaged one
# too: what comes from the network is read through them.
add_compile_definitions(_GLIBCXX_ASSERTIONS)

# GCC 12 reports paths that cannot happen as errors of these two kinds, in library templates,
# when sanitizers or LTO change its inlining.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(hermetic_flags INTERFACE
        -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=stringop-overflow
        -Wno-error=stringop-overread -Wno-error=array-bounds -Wno-error=dangling-pointer)
    target_compile_options(hermetic_flags INTERFACE -fcoroutines)
    if(HERMETIC_SANITIZE MATCHES thread)
        target_compile_options(hermetic_flags INTERFACE -Wno-tsan)  # fences, in Asio
    endif()
    if(HERMETIC_SANITIZE MATCHES thread OR NOT CMAKE_BUILD_TYPE STREQUAL Debug)
        # Frames of coroutines, whose two operators the optimiser inlines apart.
        target_compile_options(hermetic_flags INTERFACE -Wno-mismatched-new-delete)
    endif()
else()
    # Clang's -Wconversion has it, GCC's has not; GCC's is the one the code is written for.
    target_compile_options(hermetic_flags INTERFACE -Wno-sign-conversion)
endif()

if(HERMETIC_SANITIZE)
    add_compile_options(-fsanitize=${HERMETIC_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${HERMETIC_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND HERMETIC_SANITIZE MATCHES undefined)
        # Clang 14 cannot place its mark of a function's type in front of a coroutine's parts.
        add_compile_options(-fno-sanitize=function)
    endif()
endif()

# The compiler collects its garbage late: a quarter less time for a quarter more memory (630 MiB for
# a large file, of which two are compiled at once on two cores).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options("SHELL:--param ggc-min-expand=300" "SHELL:--param ggc-min-heapsize=600000")
endif()

# Of tests and their fixtures, beside hermetic_flags. No undefined-behaviour checks in them: they are
# a third of what a file costs to compile, and tests are two thirds of all that is compiled. The
# libraries keep theirs, in the tests too, but for what a test itself makes of a library's templates
# and inline functions; in the server that the tests of tests/ start, everything is checked.
add_library(hermetic_test_flags INTERFACE)
if(HERMETIC_SANITIZE MATCHES undefined)
    target_compile_options(hermetic_test_flags INTERFACE -fno-sanitize=undefined)
endif()

if(HERMETIC_HARDEN)
    add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
        -fcf-protection -fPIE)
    add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

if(HERMETIC_LTO)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Plain -flto links in one thread.
        set(CMAKE_CXX_COMPILE_OPTIONS_IPO -flto=auto -fno-fat-lto-objects)
    endif()
endif()

find_program(HERMETIC_CCACHE ccache)
if(HERMETIC_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
        CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=true ${HERMETIC_CCACHE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-fpch-preprocess)
    endif()
endif()

find_program(HERMETIC_MOLD mold)
if(HERMETIC_MOLD AND NOT HERMETIC_LTO)
    add_link_options(-fuse-ld=mold)
endif()
