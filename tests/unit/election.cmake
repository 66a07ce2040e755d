leasehold_add_unit_test(election_test
    SOURCES
        election_config_test.cpp
        election_parts_test.cpp
        election_pod_test.cpp
        election_proof_test.cpp
        election_trust_test.cpp
        election_binding_test.cpp
        election_byzantine_test.cpp
        election_follow_test.cpp
        election_lead_test.cpp
        election_release_test.cpp
        election_random_test.cpp
    LIBRARIES leasehold_model)
