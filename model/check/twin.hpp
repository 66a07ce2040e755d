// Twin: leader.equals-single-install.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/check/contents.hpp"
#include "model/check/facts.hpp"
#include "model/check/install.hpp"
#include "model/check/requests.hpp"

namespace leasehold::check {

/// Beside the first leader of a history a single install gets the same calls, from the leader's
/// first instant to the first thing that no single install would have met: a fault, a change in the
/// bucket by somebody else, the end of the leadership. Until then both give the same results, and
/// at the end their buckets hold the same payloads.
///
/// The install does at once what it is asked. So a call is compared only if no write of its key was
/// open or came up while it was; and a write that the leader could not store says nothing, since
/// the install's bucket never fails.
class Twin {
  public:
    Twin(Facts& facts, const Contents& contents, const Requests& requests)
        : facts_(facts), contents_(contents), requests_(requests) {}

    void committed(const ObjectCommitted& record);
    void files_listed(const FileReply& reply);
    void role_changed(const ReplicaStepped& step, Role role);
    /// The replica met what no install would have; kNobody: all of them.
    void disturbed(ReplicaIndex index);
    void process_ended(ReplicaIndex index) {
        if (index == leader_) disturbed(index);
    }
    // calls
    void read(const ReplicaStepped& step, const BackupRead& read);
    void query(const ReplicaStepped& step, const Query& query);
    void write(const ReplicaStepped& step, const BackupWrite& write);
    void remove(const ReplicaStepped& step, const BackupRemove& remove);
    // answers
    void read_done(const ReplicaStepped& step, const ReadDone& done);
    void query_done(const ReplicaStepped& step, const QueryDone& done);
    void write_done(const ReplicaStepped& step, const WriteDone& done);
    void finish(TrueTime end);

  private:
    static constexpr std::uint64_t kNotAsked = ~std::uint64_t{0};
    struct Key {
        bool known = false;         ///< both buckets are to hold the same
        std::uint32_t writing = 0;  ///< open writes and removals
        std::uint64_t changes = 0;  ///< writes and removals so far
        /// What the install answered to a query since the newest of them, and how many there were.
        std::optional<Blob> queried;
        std::uint64_t queried_at = kNotAsked;
    };
    struct Call {
        ObjectKey key;
        ETag known;  ///< a read's
        std::uint64_t changes = 0;
        std::uint64_t number = 0;         ///< event that brought it
        WriteAck ack = WriteAck::failed;  ///< a write's: what the install said
    };

    [[nodiscard]] bool beside(const ReplicaStepped& step) const {
        return install_ && !over_ && step.replica == leader_;
    }
    void begin(const ReplicaStepped& step);
    void ask(const ReplicaStepped& step, CallId call, const ObjectKey& name, const ETag& known);
    void change(const ReplicaStepped& step, CallId call, const ObjectKey& name, const Event& event);
    /// A query may be told "not yet" where another GET of its key is under way, or too many are.
    [[nodiscard]] bool may_say_not_yet(const ObjectKey& name) const;
    /// What the install answers to a query; null = nothing.
    [[nodiscard]] const Blob* queried(const ReplicaStepped& step, const ObjectKey& name, Key& key);
    /// The call, which is forgotten.
    [[nodiscard]] std::optional<Call> answered(const ReplicaStepped& step, CallId call);
    void differ(const ReplicaStepped& step, const Call& call, const std::string& what,
                const std::string& leader, const std::string& install);

    /// What the leader's bucket holds of the key; null = it never held anything.
    [[nodiscard]] const Committed* held(const ObjectKey& name) const;

    Facts& facts_;
    const Contents& contents_;
    const Requests& requests_;
    bool over_ = false;
    ReplicaIndex leader_ = kNobody;
    std::optional<Install> install_;
    std::uint64_t calls_ = 0;  ///< given to the install
    std::map<ObjectKey, Key> keys_;
    std::map<CallId, Call> open_;
};

}  // namespace leasehold::check
