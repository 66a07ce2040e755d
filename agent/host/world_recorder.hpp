// WorldRecorder: the Lease's watch and the bucket's changes as records of a history
// (leasehold-agent record-world). `leasehold verify` takes them beside the agents' own recordings.
//
// S3 has no watch: the bucket is listed again and again, and a version that lived for less than
// one round is seen only through the agents. It writes nothing anywhere.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/base/timer.hpp"
#include "agent/bucket/bucket_client.hpp"
#include "agent/config/config.hpp"
#include "agent/host/recorder.hpp"
#include "agent/lease/lease_client.hpp"

namespace leasehold::agent {

class WorldRecorder {
  public:
    /// Throws std::exception in one line.
    WorldRecorder(asio::io_context& loop, const AgentConfig& config);
    ~WorldRecorder();
    void start();

  private:
    void take(const Event& event);
    void on_lease(const LeaseAnswered& answer);
    void on_watch(const LeaseWatched& watched);
    void on_bucket(const BucketAnswered& answer);
    void on_page(const ListPage& page);
    void on_object(const ListEntry& entry, const BucketReply& reply);
    void look_at_lease();
    void lease_is(const LeasePtr& lease);
    void list(const ObjectKey& after);
    [[nodiscard]] bool knows(const ObjectKey& key, const ETag& etag) const;
    void next_object();
    void get(const ListEntry& entry, const ETag& unless);
    void confirmed(const ObjectKey& key);
    void put_off(const ObjectKey& key);
    void vanished();
    void end_round();
    void due();

    FilePool pool_;
    Duration period_;
    std::string spool_;
    Recorder recorder_;
    Duties duties_;
    std::unique_ptr<LeaseClient> lease_client_;
    std::unique_ptr<BucketClient> bucket_;
    BoottimeTimer timer_;

    std::uint64_t requests_ = 0;
    std::uint64_t watches_ = 0;
    bool looking_ = false;  ///< a GET of the Lease is under way
    bool watching_ = false;
    Instant look_at_ = kNever;
    Instant looked_at_ = Instant::min();
    LeasePtr lease_;

    RequestId bucket_request_;  ///< the one under way; 0 = none
    Instant list_at_ = kNever;
    bool round_failed_ = false;
    std::map<ObjectKey, ETag> known_;
    std::map<ObjectKey, ETag> listed_;  ///< of the present round
    std::deque<ListEntry> changed_;     ///< to be got
    ListEntry getting_;
    /// Of a key whose last GET gave nothing: no other until then, and twice as long after the next.
    struct PutOff {
        Duration wait;
        Instant until;
    };
    std::map<ObjectKey, PutOff> put_off_;
    /// What a GET of `getting_` showed, until the store confirms it.
    struct Sighting {
        ETag etag;
        Stamp stamp;
        friend bool operator==(const Sighting&, const Sighting&) = default;
    };
    std::optional<Sighting> seen_;
    int looks_ = 0;  ///< at `getting_` in this round
};

}  // namespace leasehold::agent
