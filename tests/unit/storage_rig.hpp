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

#include "model/base/random.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/controller.hpp"

namespace leasehold::rig {

using namespace std::chrono_literals;

inline ObjectKey key(const std::string& name) {
    return ObjectKey{"etl/" + name};
}
inline Blob blob(std::uint64_t n) {
    return Blob{100 + n, {n, ~n}, nullptr};
}

/// A bucket in memory: an ETag covers content alone, as S3's does.
class FakeBucket {
  public:
    struct Object {
        ObjectBody body;
        ETag etag;
    };
    std::map<ObjectKey, Object> objects;
    bool ignores_conditions = false;
    bool honours_conditional_delete = false;  ///< MinIO does not
    std::size_t page_size = 1000;
    std::vector<std::pair<ObjectKey, Stamp>> commits;

    static ETag etag_of(const ObjectBody& body) {
        return ETag{std::to_string(hash_text(body.head) ^ mix64(body.payload.digest.high + 1) ^
                                   mix64(body.payload.size + 99))};
    }
    void put(const ObjectKey& at, const ObjectBody& body) {
        objects[at] = Object{body, etag_of(body)};
        commits.emplace_back(at, stamp_of(body).value_or(Stamp{}));
    }
    /// What a human or another tool writes.
    void put_foreign(const ObjectKey& at, const Blob& payload) {
        put(at, ObjectBody{{}, {}, payload});
    }
    void put_fenced(const ObjectKey& at, const Blob& payload, std::uint64_t epoch,
                    std::uint64_t writer = 1, std::uint64_t write_id = 1) {
        const Stamp stamp{Epoch{epoch}, writer, write_id, payload.size, payload.digest, false};
        put(at, ObjectBody{encode_header(stamp), {}, payload});
    }
    void put_tombstone(const ObjectKey& at, std::uint64_t epoch) {
        put(at, ObjectBody{encode_header(Stamp{Epoch{epoch}, 1, 1, 0, {}, true}), {}, Blob{}});
    }
    [[nodiscard]] Stamp stamp(const ObjectKey& at) const {
        return stamp_of(objects.at(at).body).value();
    }
    [[nodiscard]] std::size_t data_keys() const {
        std::size_t n = 0;
        for (const auto& [at, object] : objects)
            n += at.view().starts_with(".ha/") ? 0U : 1U;
        return n;
    }

    BucketReply apply(const SendBucket& request) {
        BucketReply reply;
        reply.status = 200;
        const auto found = objects.find(request.key);
        switch (request.verb) {
            case BucketVerb::get:
                if (found == objects.end()) return failure(404, BucketCode::no_such_key);
                reply.etag = found->second.etag;
                reply.content = std::make_shared<const ObjectBody>(found->second.body);
                return reply;
            case BucketVerb::put:
                if (!ignores_conditions) {
                    if (request.condition == PutCondition::if_none_match && found != objects.end())
                        return failure(412, BucketCode::precondition_failed);
                    if (request.condition == PutCondition::if_match) {
                        if (found == objects.end()) return failure(404, BucketCode::no_such_key);
                        if (found->second.etag != request.etag)
                            return failure(412, BucketCode::precondition_failed);
                    }
                }
                put(request.key, *request.body);
                reply.etag = objects.at(request.key).etag;
                return reply;
            case BucketVerb::remove:
                if (honours_conditional_delete && !request.etag.empty() && found != objects.end() &&
                    found->second.etag != request.etag)
                    return failure(412, BucketCode::precondition_failed);
                objects.erase(request.key);
                reply.status = 204;
                return reply;
            case BucketVerb::list:
                return list(request);
        }
        return reply;
    }
    static BucketReply failure(std::int32_t status, BucketCode code = BucketCode::none) {
        BucketReply reply;
        reply.status = status;
        reply.code = code;
        return reply;
    }

  private:
    [[nodiscard]] BucketReply list(const SendBucket& request) const {
        auto page = std::make_shared<ListPage>();
        for (const auto& [at, object] : objects) {
            if (at <= request.key || !at.view().starts_with(request.prefix.view())) continue;
            if (page->entries.size() == page_size) {
                page->truncated = true;
                break;
            }
            page->entries.push_back({at, object.etag, object.body.payload.size});
        }
        BucketReply reply;
        reply.status = 200;
        reply.content = ListPagePtr(page);
        return reply;
    }
};

/// What becomes of a request.
enum class Fate { answer, hold, lose_request, lose_reply };

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
    bool renews = true;        ///< grants renewal wishes at once
    bool holds_files = false;  ///< file requests wait in held_files
    Duration validity = 14890ms;
    std::map<ObjectKey, FileEntry> files;

    // What came out.
    std::vector<SendBucket> sent;
    std::map<RequestId, SendBucket> held;
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

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const Leadership& leadership() const { return leadership_; }

    void start() { step(Start{}); }
    void step(const Event& event) {
        Effects out;
        machine.step({now_, WallTime{}}, event, out);
        take(out);
        settle();
    }
    void lead(std::uint64_t term) {
        leadership_ = Leadership{Role::leader, Term{term}, now_ + validity, now_, false};
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
        answer(request.request, bucket_.apply(request));
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
            } else if (const auto* file = std::get_if<SendFile>(&effect)) {
                sent_files.push_back(*file);
                if (holds_files)
                    held_files.push_back(*file);
                else
                    todo_files_.push_back(*file);
            } else if (const auto* abort = std::get_if<AbortBucket>(&effect)) {
                aborted.push_back(abort->request);
                if (held.contains(abort->request)) aborts_.push_back(abort->request);
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
        while (true) {
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
            } else if (!aborts_.empty()) {
                const RequestId request = aborts_.front();
                aborts_.pop_front();
                answer(request, FakeBucket::failure(0));
            } else {
                break;
            }
        }
        settling_ = false;
    }

    void carry_out(const SendBucket& request) {
        const bool gated = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
        if (gated && !machine.permit(now_, request.request)) {
            BucketReply refused;
            refused.not_sent = true;
            answer(request.request, refused);
            return;
        }
        switch (fate(request)) {
            case Fate::answer:
                answer(request.request, bucket_.apply(request));
                break;
            case Fate::hold:
                held.emplace(request.request, request);
                break;
            case Fate::lose_request:
                answer(request.request, FakeBucket::failure(0));
                break;
            case Fate::lose_reply:
                bucket_.apply(request);
                answer(request.request, FakeBucket::failure(0));
                break;
        }
    }

    FileReply perform(const SendFile& request) {
        FileReply reply;
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
    std::uint64_t last_call_ = 0;
    bool settling_ = false;

  public:
    RWStorageController machine;
};

}  // namespace leasehold::rig
