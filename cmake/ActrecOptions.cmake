# SPDX-License-Identifier: MIT
# The build's options, and `ari_flags`: what every source of the tree is compiled with.

option(AR_BUILD_TESTS "build the tests" ${PROJECT_IS_TOP_LEVEL})
option(AR_BUILD_BENCH "build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(AR_BUILD_EXAMPLES "build the examples" ${PROJECT_IS_TOP_LEVEL})
option(AR_FUZZ "build the fuzz targets (clang's libFuzzer)" OFF)
option(AR_WERROR "warnings are errors; ./dev sets it" OFF)

set(AR_WITH_SQLITE AUTO CACHE STRING "SQLite backend: AUTO (when its library is there), ON (fail without), OFF")
set_property(CACHE AR_WITH_SQLITE PROPERTY STRINGS AUTO ON OFF)
set(AR_WITH_POSTGRES AUTO CACHE STRING "PostgreSQL backend: likewise")
set_property(CACHE AR_WITH_POSTGRES PROPERTY STRINGS AUTO ON OFF)
set(AR_WITH_MYSQL AUTO CACHE STRING "MySQL/MariaDB backend: likewise")
set_property(CACHE AR_WITH_MYSQL PROPERTY STRINGS AUTO ON OFF)
set(AR_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
set_property(CACHE AR_SANITIZE PROPERTY STRINGS "" address thread)

if(PROJECT_IS_TOP_LEVEL)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, RelWithDebInfo, Release or MinSizeRel" FORCE)
    endif()
    # RelWithDebInfo keeps the assertions (inner invariants); Release drops them.
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

add_library(ari_flags INTERFACE)
target_compile_features(ari_flags INTERFACE c_std_11)
target_compile_definitions(ari_flags INTERFACE _GNU_SOURCE)
target_include_directories(ari_flags INTERFACE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}")
target_compile_options(ari_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -pedantic $<$<BOOL:${AR_WERROR}>:-Werror>
    -fno-semantic-interposition)

if(AR_SANITIZE STREQUAL "address")
    set(ari_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(AR_SANITIZE STREQUAL "thread")
    set(ari_sanitize -fsanitize=thread -fno-omit-frame-pointer)
elseif(NOT AR_SANITIZE STREQUAL "")
    message(FATAL_ERROR "AR_SANITIZE is '${AR_SANITIZE}'; it takes address, thread or nothing")
endif()
if(AR_FUZZ)
    list(APPEND ari_sanitize -fsanitize=fuzzer-no-link)
endif()
if(ari_sanitize)
    target_compile_options(ari_flags INTERFACE ${ari_sanitize})
    target_link_options(ari_flags INTERFACE ${ari_sanitize})
endif()

# C11 without GNU extensions; hidden symbols; position independent once, for both libraries.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
