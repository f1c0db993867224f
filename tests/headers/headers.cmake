# SPDX-License-Identifier: MIT
# One test for each public header.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/include/*.h")
foreach(header IN LISTS headers)
    string(REGEX REPLACE "\\.h$" "" name "${header}")
    string(REPLACE "/" "." name "${name}")
    add_test(NAME header.${name}
        COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/headers/check.sh" "${PROJECT_SOURCE_DIR}/include" "${header}")
    set_tests_properties(header.${name} PROPERTIES LABELS once TIMEOUT 120)
endforeach()

# And a C++ program that uses them.
foreach(compiler g++ clang++)
    add_test(NAME header.use_${compiler}
        COMMAND sh "${CMAKE_CURRENT_SOURCE_DIR}/headers/use.sh" "${PROJECT_SOURCE_DIR}/include"
            "${CMAKE_CURRENT_SOURCE_DIR}/headers/use.cc" ${compiler})
    set_tests_properties(header.use_${compiler} PROPERTIES LABELS once TIMEOUT 120 SKIP_RETURN_CODE 77)
endforeach()
