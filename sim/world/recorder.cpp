#include "sim/world/recorder.hpp"

namespace leasehold::sim {

void Recorder::stepped(TrueTime at, ReplicaIndex replica, Now now, const Event& event,
                       std::span<const Effect> effects) {
    ++work.steps;
    work.asked(event);
    for (const Effect& effect : effects) {
        if (const auto* mark = std::get_if<Mark>(&effect))
            ++marks_[static_cast<std::size_t>(mark->mark)];
        else if (const auto* role = std::get_if<RoleChanged>(&effect))
            leaderships += role->role == Role::leader ? 1 : 0;
    }
    ReplicaStepped record;
    record.at = at;
    record.replica = replica;
    record.now = now;
    record.event = &event;
    record.effects = effects;
    send(record);
}

}  // namespace leasehold::sim
