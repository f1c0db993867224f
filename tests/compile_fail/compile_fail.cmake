# SPDX-License-Identifier: MIT
# One test for each case and compiler; see check.sh for what a case looks like.
file(GLOB cases CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/*.c")
foreach(case IN LISTS cases)
    get_filename_component(name "${case}" NAME_WE)
    foreach(compiler gcc clang)
        add_test(NAME compile_fail.${name}_${compiler}
            COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/check.sh" "${PROJECT_SOURCE_DIR}/include" "${case}" ${compiler})
        set_tests_properties(compile_fail.${name}_${compiler} PROPERTIES LABELS once TIMEOUT 120 SKIP_RETURN_CODE 77)
    endforeach()
endforeach()
