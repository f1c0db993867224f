# SPDX-License-Identifier: MIT
# What ./dev demo and ./dev bench run has to run.
if(TARGET example_quickstart)
    add_executable(each_database "${CMAKE_CURRENT_LIST_DIR}/each_database.c")
    target_link_libraries(each_database PRIVATE ari_test_support ari_test_base)
    foreach(engine sqlite postgres mysql)
        string(TOUPPER ${engine} driver)
        if(AR_HAVE_${driver})
            foreach(program quickstart blog)
                add_test(NAME ${program}.${engine} COMMAND each_database ${program}
                    sh "${CMAKE_CURRENT_LIST_DIR}/${program}.sh" $<TARGET_FILE:example_${program}>)
                set_tests_properties(${program}.${engine} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77
                    ENVIRONMENT "AR_TEST_ENGINE=${engine}")
            endforeach()
        endif()
    endforeach()
endif()
if(TARGET actrec_bench AND NOT AR_SANITIZE)
    add_test(NAME bench.runs COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/bench.sh" $<TARGET_FILE:actrec_bench>)
    set_tests_properties(bench.runs PROPERTIES LABELS once TIMEOUT ${timeout})
endif()
