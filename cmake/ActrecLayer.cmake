# SPDX-License-Identifier: MIT
# ari_layer(<target> [LINK <library>...]): an object library of all the .c files of the current folder.
#
# The sources are globbed, with CONFIGURE_DEPENDS, so that people who add files to a folder at the same time do not
# collide in its CMakeLists.txt. A folder without a .c file gets an empty one, so that it does not break the build.

set_property(GLOBAL PROPERTY ari_layers "")

function(ari_layer target)
    cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
    if(NOT sources)
        set(sources "${CMAKE_CURRENT_BINARY_DIR}/${target}_empty.c")
        file(WRITE "${sources}" "typedef int ${target}_empty;\n")
    endif()
    add_library(${target} OBJECT ${sources})
    target_link_libraries(${target} PRIVATE ari_flags ${arg_LINK})
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    add_dependencies(${target} ari_check_includes)
    set_property(GLOBAL APPEND PROPERTY ari_layers ${target})
endfunction()

# Fails the build, with file:line, where a file includes what its layer may not. Looks at every file on every build
# (a few milliseconds), so that no list of files can go stale.
add_custom_target(ari_check_includes ALL
    COMMAND sh "${PROJECT_SOURCE_DIR}/cmake/check_includes.sh" "${PROJECT_SOURCE_DIR}"
    COMMENT "Checking includes against the layers" VERBATIM)
