// A Lease API in memory for the election tests: compare-and-swap, deletion, edits, restores.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/protocol/lease.hpp"

namespace leasehold::election_test {

/// One change as a watch reports it.
struct Change {
    Version version;
    LeasePtr lease;  ///< null = deleted
};

/// Answers as the real server does for the requests that an elector sends.
class FakeApi {
  public:
    [[nodiscard]] LeaseReply apply(LeaseVerb verb, const LeasePtr& wanted) {
        switch (verb) {
            case LeaseVerb::get:
                return lease ? with(200, lease) : missing();
            case LeaseVerb::create:
                if (lease) return status(409, StatusReason::already_exists);
                commit(wanted->record, "", "uid-" + std::to_string(++uids_));
                return with(201, lease);
            case LeaseVerb::update:
                break;
        }
        if (!lease || lease->version != wanted->version || lease->uid != wanted->uid)
            return status(409, StatusReason::conflict);
        if (lease->record == wanted->record && lease->extra == wanted->extra)
            return with(200, lease);  // equal content writes nothing
        commit(wanted->record, wanted->extra, lease->uid);
        return with(200, lease);
    }
    /// What an operator does: writes without asking.
    void edit(const std::function<void(Lease&)>& change) {
        Lease edited = *lease;
        change(edited);
        commit(edited.record, edited.extra, edited.uid);
    }
    void remove() {
        lease = nullptr;
        changes.push_back({Version(++revision), nullptr});
    }
    void put(const LeaseRecord& record) {
        commit(record, "", lease ? lease->uid : "uid-" + std::to_string(++uids_));
    }
    /// Sets the cluster back: the Lease as it was, and versions from there on.
    void restore(const LeasePtr& old, std::uint64_t old_revision) {
        lease = old;
        revision = old_revision;
    }

    static LeaseReply status(std::int32_t code, StatusReason reason = StatusReason::other) {
        LeaseReply reply;
        reply.status = code;
        reply.reason = reason;
        return reply;
    }
    static LeaseReply missing() {
        LeaseReply reply = status(404, StatusReason::not_found);
        reply.about_lease = true;
        return reply;
    }
    static LeaseReply with(std::int32_t code, LeasePtr object) {
        LeaseReply reply = status(code, StatusReason::none);
        reply.lease = std::move(object);
        return reply;
    }

    LeasePtr lease;
    std::uint64_t revision = 100;
    std::vector<Change> changes;

  private:
    void commit(const LeaseRecord& record, const std::string& extra, const std::string& uid) {
        auto next = std::make_shared<Lease>();
        next->version = Version(++revision);
        next->uid = uid;
        next->record = record;
        next->extra = extra;
        lease = next;
        changes.push_back({next->version, lease});
    }
    int uids_ = 0;
};

}  // namespace leasehold::election_test
