#include "sim/world/recorder.hpp"

namespace leasehold::sim {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::uint64_t ticks(auto time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
std::uint64_t version_of(const LeasePtr& lease) {
    return lease ? lease->version.value() : 0;
}
std::uint64_t content_of(const Blob& blob) {
    return blob.digest.low ^ blob.size;
}

// What distinguishes an event beyond its kind, in one word.
std::uint64_t word_of(const Event& event) {
    return std::visit(
        Overloaded{
            [](const Start&) { return 0ULL; }, [](const Timer&) { return 0ULL; },
            [](const Stop& e) -> unsigned long long { return ticks(e.deadline); },
            [](const LeaseAnswered& e) -> unsigned long long {
                return e.request.value() << 40 ^ static_cast<std::uint64_t>(e.reply.status) << 20 ^
                       version_of(e.reply.lease);
            },
            [](const LeaseWatched& e) -> unsigned long long {
                return e.watch.value() << 40 ^ static_cast<std::uint64_t>(e.kind) << 36 ^
                       version_of(e.lease) ^ e.version.value();
            },
            [](const BucketAnswered& e) -> unsigned long long {
                return e.request.value() << 40 ^ static_cast<std::uint64_t>(e.reply->status) << 20 ^
                       (e.reply->etag.empty() ? 0 : hash_text(e.reply->etag.view()) >> 44);
            },
            [](const FileAnswered& e) -> unsigned long long {
                return e.request.value() << 8 ^ static_cast<std::uint64_t>(e.reply.status);
            },
            [](const BackupRead& e) -> unsigned long long { return e.call.value() << 1; },
            [](const BackupWrite& e) -> unsigned long long {
                return e.call.value() ^ content_of(*e.payload);
            },
            [](const BackupRemove& e) -> unsigned long long { return e.call.value() << 2; },
            [](const Query& e) -> unsigned long long { return e.call.value() << 3; },
            [](const Cancel& e) -> unsigned long long { return e.call.value() << 4; },
            [](const OwnContainer& e) -> unsigned long long { return hash_text(e.container->id); },
            [](const HolderEnded& e) -> unsigned long long {
                return hash_text(e.container->id) ^ e.observed.value();
            }},
        event);
}

std::uint64_t word_of(const Effect& effect) {
    return std::visit(
        Overloaded{
            [](const RoleChanged& e) -> unsigned long long {
                return e.term.value() << 2 ^ static_cast<std::uint64_t>(e.role);
            },
            [](const GateMoved& e) -> unsigned long long {
                return ticks(e.valid_until) ^ e.term.value() << 48;
            },
            [](const Stopped&) { return 0ULL; },
            [](const SendLease& e) -> unsigned long long {
                return e.request.value() << 40 ^ static_cast<std::uint64_t>(e.verb) << 36 ^
                       version_of(e.lease) ^ (e.lease ? e.lease->record.nonce : 0);
            },
            [](const WatchLease& e) -> unsigned long long {
                return e.watch.value() << 40 ^ e.from.value();
            },
            [](const StopWatch& e) -> unsigned long long { return e.watch.value(); },
            [](const SendBucket& e) -> unsigned long long {
                return e.request.value() << 40 ^ static_cast<std::uint64_t>(e.verb) << 36 ^
                       static_cast<std::uint64_t>(e.condition) << 32 ^
                       (e.body ? content_of(e.body->payload) : 0);
            },
            [](const AbortBucket& e) -> unsigned long long { return e.request.value(); },
            [](const ResumeBucket& e) -> unsigned long long { return e.request.value() << 1 | 1U; },
            [](const SendFile& e) -> unsigned long long {
                return e.request.value() << 8 ^ static_cast<std::uint64_t>(e.verb);
            },
            [](const ReadDone& e) -> unsigned long long {
                return e.call.value() << 8 ^ static_cast<std::uint64_t>(e.outcome) ^
                       content_of(e.payload) << 20;
            },
            [](const WriteDone& e) -> unsigned long long {
                return e.call.value() << 8 ^ static_cast<std::uint64_t>(e.ack);
            },
            [](const QueryDone& e) -> unsigned long long {
                return e.call.value() << 8 ^ static_cast<std::uint64_t>(e.outcome) ^
                       content_of(e.payload) << 20;
            },
            [](const Mark& e) -> unsigned long long { return static_cast<std::uint64_t>(e.mark); },
            [](const WatchHolder& e) -> unsigned long long { return hash_text(e.container->id); },
            [](const StopHolderWatch&) { return 0ULL; }},
        effect);
}

}  // namespace

void Recorder::stepped(TrueTime at, ReplicaIndex replica, Now now, const Event& event,
                       std::span<const Effect> effects) {
    ++work.steps;
    digest_.add(ticks(at));
    digest_.add(static_cast<std::uint64_t>(replica) << 8 ^ event.index() ^ word_of(event) << 8);
    for (const Effect& effect : effects) {
        digest_.add(effect.index() ^ word_of(effect) << 4);
        if (const auto* mark = std::get_if<Mark>(&effect))
            ++marks_[static_cast<std::size_t>(mark->mark)];
        else if (const auto* role = std::get_if<RoleChanged>(&effect))
            leaderships += role->role == Role::leader ? 1 : 0;
    }
    ReplicaStepped record;
    record.number = ++number_;
    record.at = at;
    record.replica = replica;
    record.now = now;
    record.event = &event;
    record.effects = effects;
    for (Observer* observer : observers_)
        observer->on(record);
}

void Recorder::lease_committed(LeaseCommitted record) {
    digest_.add(version_of(record.after));
    send(record, 5);
}

void Recorder::object_committed(ObjectCommitted record) {
    digest_.add(record.etag.empty() ? 0 : hash_text(record.etag.view()));
    send(record, 6);
}

}  // namespace leasehold::sim
