// For people: the controller in one line.

#include <string>

#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

std::string RWStorageController::summary() const {
    std::string text = "storage: ";
    if (const Leading* leader = leading()) {
        text += "leading, epoch " + std::to_string(leader->claim.epoch.value());
        if (!may_write()) text += " not claimed yet";
        text += ", " + std::to_string(leader->jobs.size()) + " writes waiting, " +
                std::to_string(leader->active) + " in flight";
    } else if (const auto* follower = std::get_if<Following>(&role_)) {
        text += follower->pass ? "following, polling" : "following";
    } else {
        text += std::holds_alternative<Idle>(role_) ? "not started" : "stopped";
    }
    std::size_t reads = 0;
    std::size_t queries = 0;
    for (const auto& [id, call] : calls_) {
        reads += call.kind == CallKind::read ? 1 : 0;
        queries += call.kind == CallKind::query ? 1 : 0;
    }
    return text + ", " + std::to_string(reads) + " reads and " + std::to_string(queries) +
           " queries open, " + std::to_string(tracked_.size()) + " keys" +
           (stopping_ ? ", stopping" : "");
}

}  // namespace leasehold
