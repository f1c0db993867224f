# SPDX-License-Identifier: MIT
# Defines nng::nng: from nng's own CMake package, or by looking for the library. Installed beside actrecConfig.cmake too.
if(NOT TARGET nng::nng)
    find_package(nng CONFIG QUIET)
endif()
if(NOT TARGET nng::nng)
    find_path(AR_NNG_INCLUDE_DIR nng/nng.h)
    find_library(AR_NNG_LIBRARY nng)
    mark_as_advanced(AR_NNG_INCLUDE_DIR AR_NNG_LIBRARY)
    if(AR_NNG_INCLUDE_DIR AND AR_NNG_LIBRARY)
        add_library(nng::nng UNKNOWN IMPORTED)
        set_target_properties(nng::nng PROPERTIES
            IMPORTED_LOCATION "${AR_NNG_LIBRARY}"
            INTERFACE_INCLUDE_DIRECTORIES "${AR_NNG_INCLUDE_DIR}")
    endif()
endif()
