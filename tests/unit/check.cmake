leasehold_add_unit_test(check_test
  SOURCES check_bucket_test.cpp check_calls_test.cpp check_contents_test.cpp check_converge_test.cpp
    check_equal_contents_test.cpp check_freshness_test.cpp check_index_test.cpp
    check_keeping_test.cpp check_leader_test.cpp
    check_marks_test.cpp check_never_stack_test.cpp check_promises_test.cpp check_rates_test.cpp
    check_result_test.cpp check_rules_test.cpp check_status_test.cpp check_twin_test.cpp check_two_leaders_test.cpp
    check_waits_test.cpp check_writes_test.cpp
  LIBRARIES leasehold_check leasehold_model)
