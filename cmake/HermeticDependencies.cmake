# Third-party libraries, all Debian's. Each is named once here, as hermetic_dep_<name>; a folder
# that uses one lists it under EXTERNAL, so that no header of it is found anywhere else by chance.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(FMT REQUIRED IMPORTED_TARGET fmt)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
find_library(UNBOUND_LIBRARY unbound REQUIRED)  # its .pc asks for libevent, which is not used here
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(PSL REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(GSASL REQUIRED IMPORTED_TARGET libgsasl)
pkg_check_modules(LDNS REQUIRED IMPORTED_TARGET ldns)

find_package(tl-expected REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
# A build for users looks for nothing that it does not need.
if(BUILD_TESTING OR HERMETIC_TORTURE)
    find_package(GTest REQUIRED)
endif()
if(HERMETIC_BENCHES)
    find_package(benchmark QUIET)  # the package is built without
endif()
if(BUILD_TESTING OR HERMETIC_BENCHES)
    pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)  # bench/evidence
endif()

function(hermetic_dep name)
    add_library(hermetic_dep_${name} INTERFACE)
    target_link_libraries(hermetic_dep_${name} INTERFACE ${ARGN})
endfunction()

hermetic_dep(fmt PkgConfig::FMT)
hermetic_dep(openssl PkgConfig::OPENSSL)
hermetic_dep(curl PkgConfig::CURL)
hermetic_dep(unbound ${UNBOUND_LIBRARY})
hermetic_dep(idn2 PkgConfig::IDN2)
hermetic_dep(psl PkgConfig::PSL)
hermetic_dep(rocksdb PkgConfig::ROCKSDB)
hermetic_dep(sqlite PkgConfig::SQLITE)
hermetic_dep(jemalloc PkgConfig::JEMALLOC)
hermetic_dep(ldns PkgConfig::LDNS)
hermetic_dep(gsasl PkgConfig::GSASL)
hermetic_dep(json Boost::json)
hermetic_dep(toml tomlplusplus::tomlplusplus)
hermetic_dep(cli11 CLI11::CLI11)
if(ZSTD_FOUND)
    hermetic_dep(zstd PkgConfig::ZSTD)
endif()

# Asio and Beast are compiled once, here.
add_library(hermetic_asio STATIC ${PROJECT_SOURCE_DIR}/cmake/asio.cc)
# Frames of coroutines that a thread keeps for the next ones: those of a session that waits for a
# line are five deep, and Asio's two would leave three of them to the allocator each time.
target_compile_definitions(hermetic_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_DISABLE_BOOST_BIND)
target_link_libraries(hermetic_asio PUBLIC Boost::headers Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(hermetic_asio PUBLIC -fcoroutines)
endif()
add_library(hermetic_dep_asio ALIAS hermetic_asio)

add_library(hermetic_beast STATIC ${PROJECT_SOURCE_DIR}/cmake/beast.cc)
target_compile_definitions(hermetic_beast PUBLIC BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(hermetic_beast PUBLIC hermetic_asio)
add_library(hermetic_dep_beast ALIAS hermetic_beast)
