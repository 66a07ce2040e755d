if(NOT TARGET leasehold_verify)
    return()
endif()

leasehold_add_unit_test(verify_test
    SOURCES verify_commits_test.cpp
    LIBRARIES leasehold_verify)
