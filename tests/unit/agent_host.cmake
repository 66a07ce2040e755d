if(TARGET leasehold_agent_host)
    find_package(spdlog REQUIRED)
    leasehold_add_unit_test(agent_host_test
        SOURCES
            agent_host_alone_test.cpp
            agent_host_bucket_check_test.cpp
            agent_host_bucket_clock_test.cpp
            agent_host_end_by_test.cpp
            agent_host_log_test.cpp
            agent_host_reaper_test.cpp
            agent_host_recorder_test.cpp
            agent_host_signals_test.cpp
            agent_host_state_log_test.cpp
            agent_host_tombstones_test.cpp
            agent_host_watchdog_test.cpp
            agent_host_world_recorder_test.cpp
            agent_transfer_files.cpp
            agent_transfer_server.cpp
        LIBRARIES leasehold_agent_host leasehold_reports leasehold_model spdlog::spdlog
                  OpenSSL::SSL)
endif()
