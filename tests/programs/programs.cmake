# SPDX-License-Identifier: MIT
# What ./dev demo and ./dev bench run has to run.
if(TARGET example_quickstart)
    add_executable(each_database "${CMAKE_CURRENT_LIST_DIR}/each_database.c")
    target_link_libraries(each_database PRIVATE ari_test_support ari_test_base)
    foreach(engine sqlite postgres mysql)
        string(TOUPPER ${engine} driver)
        if(AR_HAVE_${driver})
            add_test(NAME quickstart.${engine} COMMAND each_database quickstart
                sh "${CMAKE_CURRENT_LIST_DIR}/quickstart.sh" $<TARGET_FILE:example_quickstart>)
            set_tests_properties(quickstart.${engine} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77
                ENVIRONMENT "AR_TEST_ENGINE=${engine}")
        endif()
    endforeach()
endif()
if(TARGET actrec_bench AND NOT AR_SANITIZE)
    add_test(NAME bench.runs COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/bench.sh" $<TARGET_FILE:actrec_bench>)
    set_tests_properties(bench.runs PROPERTIES LABELS once TIMEOUT ${timeout})
endif()
