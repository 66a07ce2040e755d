// One storage controller against a bucket and a file store in memory that answer at once.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "bench/protocol.hpp"

namespace leasehold::bench {

/// "etl/assets/1d/2026-11-27T00_000123": as long as Kubecost's keys are.
[[nodiscard]] ObjectKey key_of(std::uint64_t number);
/// 32 hex digits, as S3's are.
[[nodiscard]] ETag etag_of(std::uint64_t number);
[[nodiscard]] StorageConfig bed_config();

enum class Fate : std::uint8_t {
    answer,
    hold,  ///< until release()
    hang   ///< the driver's time-out answers: nothing came
};

/// The world is the driver's: whatever it answers is made anew for each answer (as an agent parses
/// it), so that a controller that keeps text pays for it here as it does there.
class StorageBed {
  public:
    struct Object {
        ObjectBodyPtr body;
        ETag etag;
    };

    explicit StorageBed(const StorageConfig& config = bed_config());

    // The world, and what becomes of requests.
    std::map<ObjectKey, Object> objects;
    std::map<ObjectKey, FileEntry> files;
    std::function<Fate(const SendBucket&)> fate;
    bool files_rest = false;                   ///< file requests wait, from now on
    FileStatus store_status = FileStatus::ok;  ///< of a store; anything but ok stores nothing

    // What came out.
    std::uint64_t lists = 0;      ///< LISTs that began (not pages)
    std::uint64_t data_gets = 0;  ///< GETs of keys outside `.ha/`
    std::uint64_t stores = 0;     ///< of files
    std::uint64_t reads_done = 0;
    std::uint64_t queries_done = 0;
    std::uint64_t queries_with_data = 0;
    std::uint64_t writes_done = 0;
    std::uint64_t committed = 0;

    /// Objects 0..n-1 of epoch 5, each with its clean file if `with_files`.
    void populate(std::uint64_t n, bool with_files);
    void put_object(const ObjectKey& key, std::uint64_t version, std::uint64_t size = 1 << 20);
    /// Frees everything that is the bed's own.
    void forget_world();

    /// One event and whatever follows from it without time passing. start(), lead() and follow()
    /// likewise.
    void play(const Event& event);
    void start() { play(Start{}); }
    void lead(std::uint64_t term);
    /// HA off: starts as a leader for good.
    void lead_alone();
    void follow();
    /// Lets time pass: Timers when they are due, answers of what hangs, a leader's renewals.
    void advance(Duration span);
    /// What is held reaches the bucket, and nothing is held from now on.
    void release();
    /// The oldest held request reaches the bucket; the others and `fate` stay.
    void release_one();
    [[nodiscard]] const std::deque<SendBucket>& held() const { return held_; }

    /// One event, and nothing that follows from it.
    void step(const Event& event);
    /// Of the one file request that is not answered: the caller does it.
    [[nodiscard]] RequestId take_file_request();
    [[nodiscard]] CallId next_call() { return CallId{++last_call_}; }
    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const RWStorageController& machine() const { return machine_; }

    /// Reads the CPU clock around each step from now on.
    void watch_steps() { watched_ = true; }
    /// Milliseconds of CPU of the longest step since the last call of this.
    [[nodiscard]] double take_worst_ms() { return std::exchange(worst_s_, 0.0) * 1e3; }

  private:
    template <class Step>
    void run(Step&& step);
    void tell();
    void renew();
    void settle();
    [[nodiscard]] bool go_on();
    void take(const SendBucket& request);
    void take(const SendFile& request) { files_todo_.push_back(request); }
    void take(const AbortBucket& abort);
    void take(const ResumeBucket& resume);
    bool unhang(RequestId request);
    void take(const ReadDone&) { ++reads_done; }
    void take(const QueryDone& done);
    void take(const WriteDone& done);
    template <class Other>
    void take(const Other&) {}
    void carry_out(const SendBucket& request);
    void answer(RequestId request, BucketReply reply);
    [[nodiscard]] BucketReply apply(const SendBucket& request);
    [[nodiscard]] BucketReply put(const SendBucket& request);
    [[nodiscard]] BucketReply list(const SendBucket& request) const;
    [[nodiscard]] FileReply perform(const SendFile& request);

    Instant now_{std::chrono::seconds(1000)};
    Leadership leadership_;
    Effects effects_;
    std::deque<SendBucket> bucket_todo_;
    std::deque<SendFile> files_todo_;
    std::deque<SendBucket> held_;
    std::map<RequestId, SendBucket> stalled_;    ///< puts of which half was sent
    std::deque<SendBucket> resumed_;             ///< puts of which the rest comes now
    std::multimap<Instant, RequestId> hanging_;  ///< by the time of their time-out
    std::uint64_t last_call_ = 0;
    std::uint64_t last_version_ = 0;  ///< of objects put by the controller
    double worst_s_ = 0;
    bool watched_ = false;

    RWStorageController machine_;
};

}  // namespace leasehold::bench
