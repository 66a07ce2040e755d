if(TARGET leasehold_agent_http)
    leasehold_add_unit_test(agent_http_test
        SOURCES agent_http2_client.cpp agent_http2_limits_test.cpp agent_http2_session_test.cpp
                agent_http2_test.cpp agent_http_access_test.cpp agent_http_client.cpp
                agent_http_endpoints_test.cpp
                agent_http_limits_test.cpp agent_http_route_test.cpp agent_http_uploads_test.cpp
                agent_http_waiting_test.cpp agent_http_wire_test.cpp
        LIBRARIES leasehold_agent_http leasehold_agent_metrics leasehold_agent_base
                  leasehold_config leasehold_model nlohmann_json::nlohmann_json OpenSSL::SSL
                  PkgConfig::nghttp2)
endif()
