leasehold_add_unit_test(storage_test
    SOURCES storage_stamp_test.cpp storage_object_test.cpp storage_index_test.cpp storage_reads_test.cpp
            storage_writes_test.cpp storage_usability_test.cpp storage_retention_test.cpp
            storage_roles_test.cpp storage_random_test.cpp
    LIBRARIES leasehold_model)
leasehold_add_unit_test(replica_test
    SOURCES replica_test.cpp replica_history_test.cpp
    LIBRARIES leasehold_model)
# The faults that reviews and field reports proved, one file per idea.
leasehold_add_unit_test(storage_faults_test
    SOURCES storage_faults_order_test.cpp storage_faults_outdone_test.cpp
            storage_faults_places_test.cpp
            storage_faults_health_test.cpp storage_faults_absence_test.cpp
            storage_faults_landing_test.cpp
            storage_faults_probe_test.cpp storage_faults_stores_test.cpp storage_faults_torn_test.cpp
            storage_faults_costs_test.cpp storage_faults_disk_test.cpp
            storage_faults_unclaimed_test.cpp storage_faults_uploads_test.cpp
            storage_faults_places_kept_test.cpp storage_faults_single_test.cpp
    LIBRARIES leasehold_model)
# Each machine of the storage, driven alone through its own interface.
leasehold_add_unit_test(storage_machines_test
    SOURCES machines_base_test.cpp machines_requests_test.cpp machines_version_test.cpp
            machines_catalog_test.cpp
            machines_files_test.cpp machines_poller_test.cpp machines_fetch_queue_test.cpp
            machines_parked_reads_test.cpp machines_epoch_claim_test.cpp machines_writer_test.cpp
            machines_write_answers_test.cpp machines_leader_reads_test.cpp
            machines_graveyard_test.cpp machines_health_test.cpp machines_probe_test.cpp
            machines_reconciler_test.cpp machines_queries_test.cpp
    LIBRARIES leasehold_model)
