// ReplicaTold: what a replica tells an operator who asks, as a history has it.
#pragma once

#include <string_view>
#include <vector>

#include "model/protocol/history.hpp"
#include "model/protocol/leadership.hpp"
#include "model/storage/status.hpp"

namespace leasehold {

/// A replica was asked for its status, and perhaps for its index. Looking changes nothing and is
/// nobody's cause, so it has no number of its own: `number` is that of the step behind which it was
/// asked, whose effects have not left yet.
struct ReplicaTold : RecordBase {
    ReplicaIndex replica = kNobody;
    Leadership leadership;
    bool gate_open = false;
    StorageStatus storage;
    std::string_view summary;
    const std::vector<IndexEntry>* index = nullptr;  ///< of all keys; null = not asked for
};

}  // namespace leasehold
