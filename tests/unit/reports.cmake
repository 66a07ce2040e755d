if(NOT TARGET leasehold_reports)
    return()
endif()

leasehold_add_unit_test(reports_test
    SOURCES
        reports_file_test.cpp
        reports_history_test.cpp
        reports_junit_test.cpp
        reports_record_test.cpp
        reports_result_test.cpp
        reports_sarif_test.cpp
        reports_summary_test.cpp
        reports_terminal_test.cpp
        reports_text_test.cpp
        reports_timeline_test.cpp
    LIBRARIES leasehold_reports leasehold_check leasehold_model)
if(TARGET leasehold_cli)
    leasehold_add_unit_test(cli_test
        SOURCES
            cli_options_test.cpp
            cli_workers_test.cpp
        LIBRARIES leasehold_cli leasehold_reports leasehold_check leasehold_model)
endif()
if(TARGET leasehold_traces)
    leasehold_add_unit_test(views_test
        SOURCES
            reports_views_test.cpp
        LIBRARIES leasehold_traces leasehold_pages leasehold_reports leasehold_check leasehold_model)
endif()
