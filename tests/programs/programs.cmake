# SPDX-License-Identifier: MIT
# What ./dev demo and ./dev bench run has to run.
if(AR_HAVE_SQLITE AND TARGET example_quickstart)
    foreach(kind file memory)
        add_test(NAME quickstart.${kind}
            COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/quickstart.sh" $<TARGET_FILE:example_quickstart> ${kind})
        set_tests_properties(quickstart.${kind} PROPERTIES TIMEOUT ${timeout})
    endforeach()
endif()
if(TARGET actrec_bench AND NOT AR_SANITIZE)
    add_test(NAME bench.runs COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/bench.sh" $<TARGET_FILE:actrec_bench>)
    set_tests_properties(bench.runs PROPERTIES LABELS once TIMEOUT ${timeout})
endif()
