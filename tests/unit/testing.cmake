if(NOT TARGET leasehold_harness)
    return()
endif()

# Forks; makes no engine itself.
leasehold_add_unit_test(testing_test
    SOURCES testing_harness_test.cpp testing_words_test.cpp testing_failures_test.cpp
    LIBRARIES leasehold_harness leasehold_pages leasehold_config)
