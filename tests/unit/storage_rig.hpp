// A rig for the RWStorageController: a bucket and a file store in memory, driven synchronously.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/storage/controller.hpp"
#include "tests/unit/storage_fake_bucket.hpp"

namespace leasehold::rig {

using namespace std::chrono_literals;

/// What becomes of a request. The request of a `late` one is applied when the test says so
/// (Rig::land), long after its time-out.
enum class Fate { answer, hold, lose_request, lose_reply, late };

/// One controller with its file store, its clock and whatever it has answered.
class Rig {
  public:
    explicit Rig(FakeBucket& bucket, StorageConfig config = default_config())
        : bucket_(bucket), machine(config) {}

    static StorageConfig default_config() {
        StorageConfig config;
        config.identity = "replica-0_a";
        config.prefix = ObjectKey{"etl/"};
        return config;
    }

    std::function<Fate(const SendBucket&)> fate = [](const SendBucket&) { return Fate::answer; };
    /// The errors with which requests of a verb and a key are answered.
    std::map<std::pair<BucketVerb, ObjectKey>, BucketReply> errors;
    /// The error with which a request is answered, if any.
    std::function<std::optional<BucketReply>(const SendBucket&)> error;
    std::function<FileStatus(const SendFile&)> file_fate;  ///< of the file store; unset = ok
    bool renews = true;                                    ///< grants renewal wishes at once
    bool holds_files = false;                              ///< file requests wait in held_files
    Duration validity = 14890ms;
    std::map<ObjectKey, FileEntry> files;

    // What came out.
    std::vector<SendBucket> sent;
    std::map<RequestId, SendBucket> held;
    std::map<RequestId, SendBucket> stalled;  ///< half of their body has been sent
    std::vector<SendBucket> late;
    std::deque<SendFile> held_files;
    std::vector<SendFile> sent_files;
    std::map<CallId, ReadDone> reads;
    std::map<CallId, WriteDone> writes;
    std::map<CallId, QueryDone> queries;
    std::vector<RequestId> aborted;
    std::map<MarkId, int> marks;
    std::vector<Effect> trace;
    int renewal_wishes = 0;
    int give_ups = 0;
    bool runaway = false;  ///< requests without end at one instant: the rig stopped carrying out

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const Leadership& leadership() const { return leadership_; }

    void start() { step(Start{}); }
    void step(const Event& event) {
        Effects out;
        machine.step({now_, WallTime{}}, event, out);
        take(out);
        settle();
    }
    /// `landing`: so long may land what a leader that was proven dead had sent.
    void lead(std::uint64_t term, Duration landing = 0s) {
        leadership_ = Leadership{Role::leader, Term{term}, now_ + validity, now_, false};
        if (landing > 0s) leadership_.landing_until = now_ + landing;
        tell();
    }
    void renew() {
        leadership_.valid_until = now_ + validity;
        leadership_.renewed_sent = now_;
        tell();
    }
    void follow(Role role = Role::follower) {
        leadership_ = Leadership{};
        leadership_.role = role;
        tell();
    }
    /// HA off.
    void lead_alone() {
        leadership_ = Leadership{Role::leader, Term{}, kNever, now_, false};
        tell();
        start();
    }
    /// Lets time pass, with a Timer at each deadline; a leader renews each 2 s when `renewing`.
    void advance(Duration span, bool renewing = true) {
        const Instant end = now_ + span;
        while (true) {
            Instant next = std::min(machine.next_deadline(), end);
            const bool leads =
                leadership_.role == Role::leader && leadership_.valid_until != kNever;
            if (leads && renewing) next = std::min(next, leadership_.renewed_sent + 2s);
            now_ = std::max(now_, next);
            if (leads && renewing && now_ >= leadership_.renewed_sent + 2s) renew();
            const bool due = machine.next_deadline() <= now_;
            if (due) step(Timer{});
            if (now_ >= end && machine.next_deadline() > now_) return;
        }
    }
    void jump(Duration span) { now_ += span; }

    CallId read(const ObjectKey& at, const ETag& known = {}, Duration within = Duration::max()) {
        const CallId id = next();
        step(BackupRead{id, at, known, within == Duration::max() ? kNever : now_ + within});
        return id;
    }
    CallId write(const ObjectKey& at, const Blob& payload) {
        const CallId id = next();
        step(BackupWrite{id, at, std::make_shared<const Blob>(payload)});
        return id;
    }
    CallId remove(const ObjectKey& at) {
        const CallId id = next();
        step(BackupRemove{id, at});
        return id;
    }
    CallId query(const ObjectKey& at, Duration within = 5s) {
        const CallId id = next();
        step(Query{id, at, now_ + within});
        return id;
    }
    CallId next() { return CallId{++last_call_}; }

    void answer(RequestId request, const BucketReply& reply) {
        held.erase(request);
        step(BucketAnswered{request, std::make_shared<const BucketReply>(reply)});
    }
    /// The held request of that verb and key reaches the bucket now, and is answered.
    void release(BucketVerb verb, const ObjectKey& at) {
        const SendBucket request = find_held(verb, at);
        answer(request.request, apply(request));
    }
    /// The held request of that verb and key gets no answer in time; it may land later.
    void time_out(BucketVerb verb, const ObjectKey& at) {
        const SendBucket request = find_held(verb, at);
        late.push_back(request);
        answer(request.request, FakeBucket::failure(0));
    }
    /// The oldest late request of that key reaches the bucket now.
    BucketReply land(const ObjectKey& at) {
        for (auto one = late.begin(); one != late.end(); ++one) {
            if (one->key != at) continue;
            const SendBucket request = *one;
            late.erase(one);
            return apply(request);
        }
        throw std::runtime_error("nothing late for " + at.str());
    }
    void fail(BucketVerb verb, const ObjectKey& at, std::int32_t status = 0,
              BucketCode code = BucketCode::none) {
        answer(find_held(verb, at).request, FakeBucket::failure(status, code));
    }
    [[nodiscard]] bool is_held(BucketVerb verb, const ObjectKey& at) const {
        for (const auto& [id, request] : held)
            if (request.verb == verb && request.key == at) return true;
        return false;
    }
    SendBucket find_held(BucketVerb verb, const ObjectKey& at) const {
        for (const auto& [id, request] : held)
            if (request.verb == verb && request.key == at) return request;
        throw std::runtime_error("nothing held for " + at.str());
    }
    void release_file() {
        const SendFile request = held_files.front();
        held_files.pop_front();
        step(FileAnswered{request.request, perform(request)});
    }
    [[nodiscard]] int count(BucketVerb verb, const std::optional<ObjectKey>& at = {}) const {
        int n = 0;
        for (const SendBucket& one : sent)
            if (one.verb == verb && (!at || one.key == *at)) ++n;
        return n;
    }
    [[nodiscard]] int count_lists() const { return count(BucketVerb::list); }
    [[nodiscard]] int marked(MarkId mark) const {
        const auto found = marks.find(mark);
        return found == marks.end() ? 0 : found->second;
    }
    void seed_file(const ObjectKey& at, const Blob& payload, const FileTag& tag) {
        files[at] = FileEntry{at, tag, payload};
    }
    void hold(BucketVerb verb) {
        fate = [verb](const SendBucket& r) { return r.verb == verb ? Fate::hold : Fate::answer; };
    }
    void hold_data(BucketVerb verb) {
        fate = [verb](const SendBucket& r) {
            return r.verb == verb && !r.key.view().starts_with(".ha/") ? Fate::hold : Fate::answer;
        };
    }
    void answer_all() {
        fate = [](const SendBucket&) { return Fate::answer; };
    }
    /// Everything that is held reaches the bucket, and whatever follows is answered at once.
    void release_all() {
        answer_all();
        while (!held.empty())
            answer(held.begin()->first, apply(held.begin()->second));
    }
    [[nodiscard]] std::optional<SendBucket> last(BucketVerb verb, const ObjectKey& at) const {
        std::optional<SendBucket> found;
        for (const SendBucket& one : sent)
            if (one.verb == verb && one.key == at) found = one;
        return found;
    }

  private:
    void tell() {
        Effects out;
        machine.lead({now_, WallTime{}}, leadership_, out);
        take(out);
        settle();
    }

    void take(const Effects& out) {
        for (const Effect& effect : out) {
            trace.push_back(effect);
            if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
                sent.push_back(*bucket);
                todo_.push_back(*bucket);
                const bool put = bucket->verb == BucketVerb::put;
                if (put && (bucket_.not_atomic || (bucket_.checks_before_body && bucket->stalled)))
                    checked_.emplace(bucket->request, bucket_.check(*bucket));
            } else if (const auto* file = std::get_if<SendFile>(&effect)) {
                sent_files.push_back(*file);
                if (holds_files)
                    held_files.push_back(*file);
                else
                    todo_files_.push_back(*file);
            } else if (const auto* abort = std::get_if<AbortBucket>(&effect)) {
                aborted.push_back(abort->request);
                if (held.contains(abort->request) || stalled.contains(abort->request))
                    aborts_.push_back(abort->request);
            } else if (const auto* resume = std::get_if<ResumeBucket>(&effect)) {
                if (stalled.contains(resume->request)) resumed_.push_back(resume->request);
            } else if (const auto* read_done = std::get_if<ReadDone>(&effect)) {
                EXPECT_TRUE(reads.emplace(read_done->call, *read_done).second) << "answered twice";
            } else if (const auto* write_done = std::get_if<WriteDone>(&effect)) {
                EXPECT_TRUE(writes.emplace(write_done->call, *write_done).second)
                    << "answered twice";
            } else if (const auto* query_done = std::get_if<QueryDone>(&effect)) {
                EXPECT_TRUE(queries.emplace(query_done->call, *query_done).second)
                    << "answered twice";
            } else if (const auto* mark = std::get_if<Mark>(&effect)) {
                ++marks[mark->mark];
            }
        }
    }

    /// Carries out what was sent until nothing is left to do.
    void settle() {
        if (settling_) return;
        settling_ = true;
        std::map<std::pair<BucketVerb, ObjectKey>, int> repeats;
        while (!runaway) {
            if (machine.take_give_up_wish()) ++give_ups;
            if (machine.take_renewal_wish()) {
                ++renewal_wishes;
                now_ += 1us;  // a renewal takes time
                if (renews && leadership_.role == Role::leader) renew();
            } else if (!todo_files_.empty()) {
                const SendFile request = todo_files_.front();
                todo_files_.pop_front();
                step(FileAnswered{request.request, perform(request)});
            } else if (!todo_.empty()) {
                const SendBucket request = todo_.front();
                todo_.pop_front();
                carry_out(request);
                runaway = ++repeats[{request.verb, request.key}] > 2000;
                EXPECT_FALSE(runaway) << "requests without end at wire speed";
            } else if (!resumed_.empty()) {
                const RequestId request = resumed_.front();
                resumed_.pop_front();
                // The rest of its body comes; an abort may have been quicker.
                if (const auto rest = stalled.extract(request); !rest.empty())
                    answer(request, apply(rest.mapped()));
            } else if (!aborts_.empty()) {
                const RequestId request = aborts_.front();
                aborts_.pop_front();
                stalled.erase(request);
                answer(request, FakeBucket::failure(0));
            } else {
                break;
            }
        }
        settling_ = false;
    }

    /// What the store does when it has all of the request: a condition that it looked at before
    /// is not looked at again.
    BucketReply apply(const SendBucket& request) {
        const auto checked = checked_.extract(request.request);
        if (checked.empty()) return bucket_.apply(request);
        return checked.mapped() ? *checked.mapped() : bucket_.store(request);
    }
    [[nodiscard]] std::optional<BucketReply> error_of(const SendBucket& request) const {
        if (const auto found = errors.find({request.verb, request.key}); found != errors.end())
            return found->second;
        return error ? error(request) : std::nullopt;
    }

    void carry_out(const SendBucket& request) {
        const bool gated = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
        if (gated && !machine.permit(now_, request.request)) {
            BucketReply refused;
            refused.not_sent = true;
            answer(request.request, refused);
            return;
        }
        if (const auto wrong = error_of(request)) {
            answer(request.request, *wrong);
            return;
        }
        switch (fate(request)) {
            case Fate::answer:
                if (request.stalled)
                    stalled.emplace(request.request, request);
                else
                    answer(request.request, apply(request));
                break;
            case Fate::hold:
                held.emplace(request.request, request);
                break;
            case Fate::lose_request:
                answer(request.request, FakeBucket::failure(0));
                break;
            case Fate::lose_reply:
                apply(request);
                answer(request.request, FakeBucket::failure(0));
                break;
            case Fate::late:
                late.push_back(request);
                answer(request.request, FakeBucket::failure(0));
                break;
        }
    }

    FileReply perform(const SendFile& request) {
        FileReply reply;
        reply.status = file_fate ? file_fate(request) : FileStatus::ok;
        if (reply.status != FileStatus::ok) return reply;
        auto list = std::make_shared<FileList>();
        switch (request.verb) {
            case FileVerb::list:
                for (const auto& [at, file] : files)
                    list->push_back(file);
                break;
            case FileVerb::load:
                if (!files.contains(request.key)) return FileReply{FileStatus::missing, nullptr};
                list->push_back(files.at(request.key));
                break;
            case FileVerb::store:
                files[request.key] = FileEntry{request.key, request.tag, request.payload};
                break;
            case FileVerb::retag:
                if (!files.contains(request.key)) return FileReply{FileStatus::missing, nullptr};
                files.at(request.key).tag = request.tag;
                break;
            case FileVerb::remove:
                files.erase(request.key);
                break;
        }
        reply.entries = list;
        return reply;
    }

    FakeBucket& bucket_;
    Instant now_{1000s};
    Leadership leadership_;
    std::deque<SendBucket> todo_;
    std::deque<SendFile> todo_files_;
    std::deque<RequestId> aborts_;
    std::deque<RequestId> resumed_;
    std::map<RequestId, std::optional<BucketReply>> checked_;  ///< verdicts given at arrival
    std::uint64_t last_call_ = 0;
    bool settling_ = false;

  public:
    RWStorageController machine;
};

}  // namespace leasehold::rig
