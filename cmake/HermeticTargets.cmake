# One library per folder, named after it.
#
#   hermetic_library(policy DEPENDS core facts EXTERNAL fmt [PCH asio])
#
# DEPENDS is the folder's layer contract (tools/check_layers compares it with the includes and with
# the order of folders in src/CMakeLists.txt). EXTERNAL names the third-party libraries of
# HermeticDependencies.cmake. x_test.cc and x_bench.cc lie beside x.cc and become programs.
# x_fixture.cc, with its x_fixture.h, is compiled once, into a library that the tests of the folder
# and of all that depend on it link.
set(HERMETIC_TEST_SUPPORT hermetic_test_flags GTest::gmock_main)

add_custom_target(benches)  # every x_bench program
add_custom_target(fuzzers)  # every fuzz target

# Precompiled headers that the targets reuse: the standard library's (std), Asio's on top (asio), and
# each with what tests include (std_test, asio_test).
set(HERMETIC_PCH_std <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional>
    <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
set(HERMETIC_PCH_asio <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp>
    <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp>
    <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>)
set(HERMETIC_PCH_test <gmock/gmock.h> <gtest/gtest.h>)

function(hermetic_make_pch kind)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LIBRARIES")
    add_library(hermetic_pch_${kind} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/empty.cc)
    target_link_libraries(hermetic_pch_${kind} PUBLIC hermetic_flags ${arg_LIBRARIES})
    target_precompile_headers(hermetic_pch_${kind} PRIVATE ${arg_HEADERS})
endfunction()
if(HERMETIC_PCH)
    hermetic_make_pch(std HEADERS ${HERMETIC_PCH_std})
    hermetic_make_pch(asio HEADERS ${HERMETIC_PCH_std} ${HERMETIC_PCH_asio} LIBRARIES hermetic_asio)
    if(BUILD_TESTING OR HERMETIC_TORTURE)
        hermetic_make_pch(std_test HEADERS ${HERMETIC_PCH_std} ${HERMETIC_PCH_test}
            LIBRARIES ${HERMETIC_TEST_SUPPORT})
        hermetic_make_pch(asio_test
            HEADERS ${HERMETIC_PCH_std} ${HERMETIC_PCH_asio} ${HERMETIC_PCH_test}
            LIBRARIES hermetic_asio ${HERMETIC_TEST_SUPPORT})
    endif()
endif()

function(hermetic_use_pch target kind)
    if(HERMETIC_PCH AND kind)
        target_precompile_headers(${target} REUSE_FROM hermetic_pch_${kind})
    endif()
endfunction()

function(hermetic_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PCH" "DEPENDS;EXTERNAL;TEST_DEPENDS")
    file(GLOB headers CONFIGURE_DEPENDS *.h)
    file(GLOB sources CONFIGURE_DEPENDS *.cc)
    file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
    file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
    file(GLOB fixtures CONFIGURE_DEPENDS *_fixture.cc)
    list(REMOVE_ITEM sources "" ${tests} ${benches} ${fixtures})
    if(NOT sources)
        set(sources ${PROJECT_SOURCE_DIR}/cmake/empty.cc)
    endif()
    if(NOT arg_PCH)
        set(arg_PCH std)
        if("asio" IN_LIST arg_EXTERNAL OR "beast" IN_LIST arg_EXTERNAL)
            set(arg_PCH asio)
        endif()
    endif()

    add_library(hermetic_${name} STATIC ${sources})
    add_library(hermetic::${name} ALIAS hermetic_${name})
    target_sources(hermetic_${name}
        PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
    list(TRANSFORM arg_DEPENDS PREPEND hermetic::)
    list(TRANSFORM arg_EXTERNAL PREPEND hermetic_dep_)
    target_link_libraries(hermetic_${name} PUBLIC hermetic_flags ${arg_DEPENDS} ${arg_EXTERNAL})
    hermetic_use_pch(hermetic_${name} ${arg_PCH})

    list(TRANSFORM arg_TEST_DEPENDS PREPEND hermetic::)
    set(support ${arg_TEST_DEPENDS} ${HERMETIC_TEST_SUPPORT})
    foreach(other IN LISTS arg_DEPENDS arg_TEST_DEPENDS)
        if(TARGET ${other}_fixtures)
            list(APPEND support ${other}_fixtures)
        endif()
    endforeach()
    if(BUILD_TESTING AND fixtures)
        add_library(hermetic_${name}_fixtures STATIC ${fixtures})
        add_library(hermetic::${name}_fixtures ALIAS hermetic_${name}_fixtures)
        target_link_libraries(hermetic_${name}_fixtures PUBLIC hermetic::${name} ${support})
        hermetic_use_pch(hermetic_${name}_fixtures ${arg_PCH}_test)
        list(APPEND support hermetic::${name}_fixtures)
    endif()

    if(BUILD_TESTING AND tests)
        add_executable(${name}_test ${tests})
        target_link_libraries(${name}_test PRIVATE hermetic::${name} ${support})
        hermetic_use_pch(${name}_test ${arg_PCH}_test)
        add_test(NAME ${name} COMMAND ${name}_test)
        set_tests_properties(${name} PROPERTIES LABELS "unit;${name}" TIMEOUT 300)
    endif()

    if(benches AND TARGET benchmark::benchmark_main)
        add_executable(${name}_bench EXCLUDE_FROM_ALL ${benches})
        target_link_libraries(${name}_bench PRIVATE hermetic::${name} benchmark::benchmark_main)
        add_dependencies(benches ${name}_bench)
    endif()
endfunction()

# A fuzz target fuzz/<name>_fuzz.cc. With HERMETIC_FUZZ a libFuzzer program; otherwise a program
# that replays fuzz/corpus/<name>/ and is one of the tests.
function(hermetic_fuzz_target name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS")
    list(TRANSFORM arg_DEPENDS PREPEND hermetic::)
    if(HERMETIC_FUZZ)
        add_executable(${name}_fuzz ${name}_fuzz.cc)
        target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    else()
        if(NOT TARGET hermetic_replay)
            add_library(hermetic_replay STATIC ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
            target_link_libraries(hermetic_replay PUBLIC hermetic_flags)
        endif()
        add_executable(${name}_fuzz ${name}_fuzz.cc)
        target_link_libraries(${name}_fuzz PRIVATE hermetic_replay)
        hermetic_use_pch(${name}_fuzz std)
        add_test(NAME fuzz_${name} COMMAND ${name}_fuzz ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
        set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 120)
    endif()
    target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPENDS})
    add_dependencies(fuzzers ${name}_fuzz)
endfunction()
