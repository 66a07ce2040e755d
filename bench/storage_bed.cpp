#include "bench/storage_bed.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "bench/process.hpp"
#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kValidity = 14890ms;
constexpr Duration kRenewal = 2s;
constexpr std::size_t kPage = 1000;
constexpr std::uint64_t kOwnVersions = 1ULL << 40;  // apart from those of populate()
constexpr std::uint64_t kStepsAtOneInstant = 50'000'000;

template <class Text>
Text copy_of(const Text& text) {
    return Text{text.str()};
}

BucketReply failure(std::int32_t status, BucketCode code = BucketCode::none) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    return reply;
}

bool is_data(const ObjectKey& key) {
    return !key.view().starts_with(".ha/");
}

}  // namespace

ObjectKey key_of(std::uint64_t number) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "etl/assets/1d/2026-11-27T00_%06llu",
                  static_cast<unsigned long long>(number));
    return ObjectKey{std::string(text.data())};
}

ETag etag_of(std::uint64_t number) {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(mix64(number + 1)),
                  static_cast<unsigned long long>(mix64(~number)));
    return ETag{std::string(text.data())};
}

StorageConfig bed_config() {
    StorageConfig config;
    config.identity = "bench_1";
    config.prefix = ObjectKey{"etl/"};
    return config;
}

StorageBed::StorageBed(const StorageConfig& config) : machine_(config) {}

void StorageBed::put_object(const ObjectKey& key, std::uint64_t version, std::uint64_t size) {
    const Stamp stamp{Epoch{5}, 1, version + 1, size, {version, ~version}, false};
    auto body = std::make_shared<ObjectBody>();
    body->head = encode_header(stamp);
    body->payload = Blob{size, stamp.digest, nullptr};
    objects[key] = Object{std::move(body), etag_of(version)};
}

void StorageBed::populate(std::uint64_t n, bool with_files) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const ObjectKey key = key_of(i);
        put_object(key, i);
        if (!with_files) continue;
        const FileTag tag = with_write_id(FileTag{Epoch{5}, etag_of(i), false, true}, i + 1);
        files[key] = FileEntry{key, tag, objects.at(key).body->payload};
    }
}

void StorageBed::forget_world() {
    CHECK(held_.empty() && stalled_.empty() && resumed_.empty() && hanging_.empty());
    objects.clear();
    files.clear();
    effects_ = Effects{};
    bucket_todo_ = {};
    files_todo_ = {};
    held_ = {};
}

template <class Step>
void StorageBed::run(Step&& step) {
    effects_.clear();
    if (watched_) {
        const double began = cpu_seconds();
        step();
        worst_s_ = std::max(worst_s_, cpu_seconds() - began);
    } else {
        step();
    }
    for (const Effect& effect : effects_)
        std::visit([this](const auto& one) { take(one); }, effect);
}

void StorageBed::step(const Event& event) {
    run([&] { machine_.step({now_, WallTime{}}, event, effects_); });
}

void StorageBed::tell() {
    run([&] { machine_.lead({now_, WallTime{}}, leadership_, effects_); });
}

void StorageBed::play(const Event& event) {
    step(event);
    settle();
}

void StorageBed::renew() {
    leadership_.valid_until = now_ + kValidity;
    leadership_.renewed_sent = now_;
    tell();
}

void StorageBed::lead(std::uint64_t term) {
    leadership_ = Leadership{Role::leader, Term{term}, {}, {}, false};
    renew();
    settle();
}

void StorageBed::lead_alone() {
    leadership_ = Leadership{Role::leader, Term{}, kNever, now_, false};
    tell();
    play(Start{});
}

void StorageBed::follow() {
    leadership_ = Leadership{};
    tell();
    settle();
}

RequestId StorageBed::take_file_request() {
    CHECK(files_todo_.size() == 1);
    const RequestId request = files_todo_.front().request;
    files_todo_.pop_front();
    return request;
}

/// A driver's loop: a Timer when one is due (a machine may have divided its work into portions),
/// and the answers in the order in which the requests were sent.
void StorageBed::settle() {
    std::uint64_t turns = 0;
    bool more = true;
    while (more) {
        more = go_on();
        if (machine_.next_deadline() <= now_) {
            step(Timer{});
            more = true;
        }
        CHECK_MSG(++turns < kStepsAtOneInstant, "the controller does not come to rest");
    }
}

bool StorageBed::go_on() {
    (void)machine_.take_give_up_wish();  // a bed has nobody to give the leadership to
    if (machine_.take_renewal_wish()) {
        now_ += 1us;  // a renewal takes time
        if (leadership_.role == Role::leader) renew();
    } else if (!hanging_.empty() && hanging_.begin()->first <= now_) {
        const RequestId request = hanging_.begin()->second;
        hanging_.erase(hanging_.begin());
        stalled_.erase(request);
        answer(request, failure(0));
    } else if (!resumed_.empty()) {
        const SendBucket request = std::move(resumed_.front());
        resumed_.pop_front();
        answer(request.request, apply(request));
    } else if (!files_rest && !files_todo_.empty()) {
        const SendFile request = std::move(files_todo_.front());
        files_todo_.pop_front();
        step(FileAnswered{request.request, perform(request)});
    } else if (!bucket_todo_.empty()) {
        const SendBucket request = std::move(bucket_todo_.front());
        bucket_todo_.pop_front();
        carry_out(request);
    } else {
        return false;
    }
    return true;
}

void StorageBed::advance(Duration span) {
    const Instant end = now_ + span;
    while (true) {
        const bool leads = leadership_.role == Role::leader && leadership_.valid_until != kNever;
        Instant next = std::min(machine_.next_deadline(), end);
        if (leads) next = std::min(next, leadership_.renewed_sent + kRenewal);
        if (!hanging_.empty()) next = std::min(next, hanging_.begin()->first);
        now_ = std::max(now_, next);
        if (leads && now_ >= leadership_.renewed_sent + kRenewal) renew();
        settle();
        if (now_ >= end) return;
    }
}

void StorageBed::release() {
    fate = nullptr;
    for (; !held_.empty(); held_.pop_front())
        bucket_todo_.push_back(std::move(held_.front()));
    settle();
}

void StorageBed::release_one() {
    const SendBucket request = std::move(held_.front());
    held_.pop_front();
    answer(request.request, apply(request));
    settle();
}

void StorageBed::take(const SendBucket& request) {
    if (request.verb == BucketVerb::list && request.key.empty()) ++lists;
    if (request.verb == BucketVerb::get && is_data(request.key)) ++data_gets;
    bucket_todo_.push_back(request);
}

/// What hangs or is held ends now; what is on its way is answered by what it does.
void StorageBed::take(const AbortBucket& abort) {
    const auto held = std::find_if(held_.begin(), held_.end(), [&](const SendBucket& one) {
        return one.request == abort.request;
    });
    const bool hung = unhang(abort.request);
    if (!hung && held == held_.end()) return;
    if (held != held_.end()) held_.erase(held);
    stalled_.erase(abort.request);
    hanging_.emplace(now_, abort.request);
}

void StorageBed::take(const ResumeBucket& resume) {
    const auto found = stalled_.find(resume.request);
    if (found == stalled_.end()) return;
    unhang(resume.request);
    resumed_.push_back(std::move(found->second));
    stalled_.erase(found);
}

bool StorageBed::unhang(RequestId request) {
    return std::erase_if(hanging_, [&](const auto& one) { return one.second == request; }) > 0;
}

void StorageBed::take(const QueryDone& done) {
    ++queries_done;
    queries_with_data += done.outcome == QueryOutcome::data;
}

void StorageBed::take(const WriteDone& done) {
    ++writes_done;
    committed += done.ack == WriteAck::committed;
}

void StorageBed::carry_out(const SendBucket& request) {
    const bool gated = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    if (gated && !machine_.permit(now_, request.request)) {
        BucketReply reply;
        reply.not_sent = true;
        answer(request.request, std::move(reply));
        return;
    }
    if (is_stalled(request)) {
        stalled_.emplace(request.request, request);
        hanging_.emplace(now_ + request.timeout, request.request);
        return;
    }
    switch (fate ? fate(request) : Fate::answer) {
        case Fate::answer:
            answer(request.request, apply(request));
            break;
        case Fate::hold:
            held_.push_back(request);
            break;
        case Fate::hang:
            hanging_.emplace(now_ + request.timeout, request.request);
            break;
    }
}

void StorageBed::answer(RequestId request, BucketReply reply) {
    step(BucketAnswered{request, std::make_shared<const BucketReply>(std::move(reply))});
}

BucketReply StorageBed::apply(const SendBucket& request) {
    const auto found = objects.find(request.key);
    const bool exists = found != objects.end();
    BucketReply reply;
    reply.status = 200;
    switch (request.verb) {
        case BucketVerb::get:
            if (!exists) return failure(404, BucketCode::no_such_key);
            reply.etag = copy_of(found->second.etag);
            reply.content = found->second.body;
            return reply;
        case BucketVerb::put:
            return put(request);
        case BucketVerb::remove:
            if (exists && !request.etag.empty() && found->second.etag != request.etag)
                return failure(412, BucketCode::precondition_failed);
            objects.erase(request.key);
            reply.status = 204;
            return reply;
        case BucketVerb::list:
            return list(request);
    }
    return reply;
}

BucketReply StorageBed::put(const SendBucket& request) {
    const auto found = objects.find(request.key);
    const bool exists = found != objects.end();
    if (request.condition == PutCondition::if_none_match && exists)
        return failure(412, BucketCode::precondition_failed);
    if (request.condition == PutCondition::if_match) {
        if (!exists) return failure(404, BucketCode::no_such_key);
        if (found->second.etag != request.etag)
            return failure(412, BucketCode::precondition_failed);
    }
    Object& object = objects[copy_of(request.key)];
    object = Object{request.body, etag_of(kOwnVersions + ++last_version_)};
    BucketReply reply;
    reply.status = 200;
    reply.etag = copy_of(object.etag);
    return reply;
}

BucketReply StorageBed::list(const SendBucket& request) const {
    auto page = std::make_shared<ListPage>();
    for (auto at = objects.upper_bound(request.key); at != objects.end(); ++at) {
        if (!at->first.view().starts_with(request.prefix.view())) continue;
        if (page->entries.size() == kPage) {
            page->truncated = true;
            break;
        }
        page->entries.push_back({copy_of(at->first), copy_of(at->second.etag),
                                 kHeaderSize + at->second.body->payload.size});
    }
    BucketReply reply;
    reply.status = 200;
    reply.content = ListPagePtr(std::move(page));
    return reply;
}

FileReply StorageBed::perform(const SendFile& request) {
    const auto found = files.find(request.key);
    auto entries = std::make_shared<FileList>();
    const auto add = [&](const FileEntry& file) {
        entries->push_back(file);
        entries->back().key = copy_of(file.key);
        entries->back().tag.etag = copy_of(file.tag.etag);
    };
    switch (request.verb) {
        case FileVerb::list:
            for (const auto& [key, file] : files)
                add(file);
            break;
        case FileVerb::load:
            if (found == files.end()) return FileReply{FileStatus::missing, nullptr};
            add(found->second);
            break;
        case FileVerb::store:
            ++stores;
            if (store_status != FileStatus::ok) return FileReply{store_status, nullptr};
            files[copy_of(request.key)] =
                FileEntry{copy_of(request.key), request.tag, request.payload};
            break;
        case FileVerb::retag:
            if (found == files.end()) return FileReply{FileStatus::missing, nullptr};
            found->second.tag = request.tag;
            break;
        case FileVerb::remove:
            files.erase(request.key);
            break;
    }
    return FileReply{FileStatus::ok, std::move(entries)};
}

}  // namespace leasehold::bench
