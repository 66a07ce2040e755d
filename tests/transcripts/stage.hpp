// The stage on which a story is played: one Replica, and a driver that does what the story says.
//
// Its verbs are listed in tests/transcripts/README.md.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/replica/replica.hpp"
#include "tests/transcripts/story.hpp"

namespace leasehold::transcripts {

class Stage {
  public:
    /// Performs a command; what it prints, lines with their ends. Throws StoryError.
    std::string perform(Command& command);

  private:
    std::string make_replica(Command& command);
    std::string lease(Command& command);
    std::string watch(Command& command);
    std::string bucket(Command& command);
    std::string file(Command& command);
    std::string call(Command& command);
    std::string permit(Command& command);
    std::string pod(Command& command);

    Replica& replica(const Command& command);
    /// Reads `at=`: an instant, `next` for the replica's deadline; the last one when absent.
    void move_time(Command& command);
    std::string step(const Event& event);
    void remember(const Effect& effect);
    /// The state line, when it differs from the last that was printed.
    std::string state(bool always);

    [[nodiscard]] LeaseReply lease_reply(Command& command, RequestId request,
                                         const std::string& kind);
    [[nodiscard]] LeasePtr lease_object(Command& command, const Lease* sent);
    [[nodiscard]] BucketReply bucket_reply(Command& command, RequestId request,
                                           const std::string& kind);
    [[nodiscard]] ObjectBodyPtr object_body(Command& command);

    std::optional<Replica> replica_;
    Now now_;
    std::string last_state_;
    Effects effects_;
    // What was sent, by request number; the newest of each kind answers to `newest`.
    std::map<RequestId, SendLease> leases_;
    std::map<RequestId, SendBucket> buckets_;
    std::map<RequestId, SendFile> files_;
    RequestId newest_lease_, newest_bucket_, newest_file_;
    WatchId watch_;
};

}  // namespace leasehold::transcripts
