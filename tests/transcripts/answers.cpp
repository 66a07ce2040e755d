#include "tests/transcripts/answers.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "config/units.hpp"
#include "model/base/random.hpp"
#include "model/election/record.hpp"
#include "model/protocol/stamp.hpp"
#include "tests/transcripts/stage.hpp"

namespace leasehold::transcripts {
namespace {

template <class T>
T value_or_fail(const Command& command, const Result<T, std::string>& result) {
    if (!result) command.fail(result.error());
    return *result;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::int32_t small_count(Command& command, const std::string& name) {
    const std::uint64_t count = count_of(command, name);
    if (count > 1'000'000'000) command.fail(name + "= is too large");
    return static_cast<std::int32_t>(count);
}

}  // namespace

Duration duration_of(Command& command, const std::string& name) {
    return value_or_fail(command, config::parse_duration(command.required(name)));
}

std::uint64_t count_of(Command& command, const std::string& name) {
    return value_or_fail(command, config::parse_count(command.text(name, "0")));
}

std::uint64_t number_after(const Command& command, const std::string& text, char prefix) {
    if (text.empty() || text[0] != prefix)
        command.fail(std::string("expected ") + prefix + " and a number, not '" + text + "'");
    return value_or_fail(command, config::parse_count(text.substr(1)));
}

RequestId request_of(Command& command, RequestId newest) {
    const std::string word = command.word("a request such as r1, or newest");
    return word == "newest" ? newest : RequestId(number_after(command, word, 'r'));
}

Blob blob_of(const std::string& name) {
    const std::uint64_t hash = hash_text(name);
    return Blob{name.size(), ContentDigest{hash, mix64(hash)}, nullptr};
}

FileStatus file_status(const Command& command, const std::string& word) {
    if (word == "ok") return FileStatus::ok;
    if (word == "missing") return FileStatus::missing;
    if (word == "corrupt") return FileStatus::corrupt;
    if (word == "no-space") return FileStatus::no_space;
    if (word == "io-error") return FileStatus::io_error;
    command.fail("expected ok, missing, corrupt, no-space or io-error, not '" + word + "'");
}

FileList file_entries(Command& command) {
    FileList list;
    for (const std::string& entry : command.all("entry")) {
        const std::vector<std::string> parts = split(entry, ',');
        if (parts.size() < 4 || parts.size() > 5)
            command.fail("expected entry=KEY,ETAG,EPOCH,PAYLOAD[,dirty|,untagged]");
        FileEntry& made = list.emplace_back();
        made.key = ObjectKey(parts[0]);
        made.tag.etag = ETag(parts[1]);
        made.tag.epoch = Epoch(value_or_fail(command, config::parse_count(parts[2])));
        made.payload = blob_of(parts[3]);
        const std::string flag = parts.size() == 5 ? parts[4] : "";
        if (!flag.empty() && flag != "dirty" && flag != "untagged")
            command.fail("expected dirty or untagged, not '" + flag + "'");
        made.tag.dirty = flag == "dirty";
        made.tag.tagged = flag != "untagged";
    }
    return list;
}

LeasePtr Stage::lease_object(Command& command, const Lease* sent) {
    Lease lease;
    if (command.has("as")) {
        const auto written =
            leases_.find(RequestId(number_after(command, command.text("as"), 'r')));
        if (written == leases_.end() || !written->second.lease)
            command.fail("as= names no request that writes the Lease");
        lease = *written->second.lease;
    } else if (sent) {
        lease = *sent;
    } else {
        lease.record.duration_seconds = 15;
    }
    lease.version = Version(count_of(command, "version"));
    if (lease.version == Version()) command.fail("expected version=");
    lease.uid = command.text("uid", lease.uid.empty() ? "uid-1" : lease.uid);
    LeaseRecord& record = lease.record;
    record.holder = command.text("holder", record.holder);
    if (record.holder == "nobody") record.holder.clear();
    if (command.has("duration"))
        record.duration_seconds = static_cast<std::int32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(duration_of(command, "duration"))
                .count());
    if (command.has("transitions")) record.transitions = small_count(command, "transitions");
    if (command.has("renewed")) record.renew_time = WallTime(duration_of(command, "renewed"));
    if (command.has("acquired")) record.acquire_time = WallTime(duration_of(command, "acquired"));
    if (command.has("nonce")) record.nonce = count_of(command, "nonce");
    if (command.has("acquisition")) record.acquisition = count_of(command, "acquisition");
    if (command.has("max-lease")) record.max_lease_seconds = small_count(command, "max-lease");
    if (command.has("released")) {
        const std::string released = command.text("released");
        record.released = released == "this"
                              ? release_mark(lease.uid, record)
                              : value_or_fail(command, config::parse_count(released));
    }
    if (command.has("container")) {
        record.container = container_of(command, command.text("container"));
        record.container_mark = container_mark(lease.uid, record);
    }
    lease.extra = command.text("extra", lease.extra);
    return std::make_shared<const Lease>(std::move(lease));
}

Container container_of(const Command& command, const std::string& text) {
    const std::size_t first = text.find('/');
    const std::size_t second = text.find('/', first + 1);
    if (first == std::string::npos || second == std::string::npos)
        command.fail("expected a container as POD/UID/ID, not '" + text + "'");
    return {text.substr(0, first), text.substr(first + 1, second - first - 1),
            text.substr(second + 1)};
}

LeaseReply Stage::lease_reply(Command& command, RequestId request, const std::string& kind) {
    const auto sent = leases_.find(request);
    if (sent == leases_.end()) command.fail("no such request was sent to the Lease API");
    LeaseReply reply;
    if (command.has("retry-after")) reply.retry_after = duration_of(command, "retry-after");
    if (kind == "found" || kind == "written") {
        reply.status = sent->second.verb == LeaseVerb::create ? 201 : 200;
        reply.lease = lease_object(command, kind == "written" ? sent->second.lease.get() : nullptr);
    } else if (kind == "missing") {
        reply.status = 404;
        reply.reason = StatusReason::not_found;
        reply.about_lease = !command.flag("elsewhere");
    } else if (kind == "conflict" || kind == "exists") {
        reply.status = 409;
        reply.reason = kind == "exists" ? StatusReason::already_exists : StatusReason::conflict;
        reply.about_lease = true;
    } else if (kind == "throttled") {
        reply.status = 429;
        reply.reason = StatusReason::too_many_requests;
    } else if (kind == "forbidden") {
        reply.status = 403;
        reply.reason = StatusReason::forbidden;
    } else if (kind == "error") {
        reply.status = 500;
        reply.reason = StatusReason::internal_error;
    } else if (kind == "not-sent") {
        reply.not_sent = true;
    } else if (kind != "unknown") {
        command.fail(
            "expected found, written, missing, conflict, exists, throttled, forbidden, "
            "error, not-sent or unknown, not '" +
            kind + "'");
    }
    return reply;
}

ObjectBodyPtr Stage::object_body(Command& command) {
    ObjectBody body;
    if (command.has("as")) {
        const auto put = buckets_.find(RequestId(number_after(command, command.text("as"), 'r')));
        if (put == buckets_.end() || !put->second.body)
            command.fail("as= names no request that writes an object");
        return put->second.body;
    }
    body.payload = blob_of(command.text("payload"));
    if (!command.flag("plain")) {
        Stamp stamp;
        stamp.epoch = Epoch(count_of(command, "epoch"));
        stamp.writer = hash_text(command.text("writer", "somebody"));
        stamp.write_id = count_of(command, "write");
        stamp.tombstone = command.flag("tombstone");
        stamp.length = body.payload.size;
        stamp.digest = body.payload.digest;
        body.head = encode_header(stamp);
    }
    // Bytes that are not those which the header speaks of.
    if (command.flag("torn")) body.payload = blob_of("torn");
    return std::make_shared<const ObjectBody>(std::move(body));
}

BucketReply Stage::bucket_reply(Command& command, RequestId request, const std::string& kind) {
    const auto sent = buckets_.find(request);
    if (sent == buckets_.end()) command.fail("no such request was sent to the bucket");
    BucketReply reply;
    if (kind == "object") {
        reply.status = 200;
        reply.etag = ETag(command.required("etag"));
        reply.content = object_body(command);
    } else if (kind == "written") {
        reply.status = 200;
        reply.etag = ETag(command.required("etag"));
    } else if (kind == "page") {
        auto page = std::make_shared<ListPage>();
        page->truncated = command.flag("truncated");
        for (const std::string& entry : command.all("entry")) {
            const std::vector<std::string> parts = split(entry, ',');
            if (parts.size() != 3) command.fail("expected entry=KEY,ETAG,SIZE");
            page->entries.push_back({ObjectKey(parts[0]), ETag(parts[1]),
                                     value_or_fail(command, config::parse_count(parts[2]))});
        }
        reply.status = 200;
        reply.content = ListPagePtr(std::move(page));
    } else if (kind == "removed") {
        reply.status = 204;
    } else if (kind == "unchanged") {
        reply.status = 304;
    } else if (kind == "missing") {
        reply.status = 404;
        reply.code = BucketCode::no_such_key;
    } else if (kind == "precondition-failed") {
        reply.status = 412;
        reply.code = BucketCode::precondition_failed;
    } else if (kind == "conflict") {
        reply.status = 409;
        reply.code = BucketCode::conditional_request_conflict;
    } else if (kind == "throttled") {
        reply.status = 503;
        reply.code = BucketCode::slow_down;
        if (command.has("retry-after")) reply.retry_after = duration_of(command, "retry-after");
    } else if (kind == "denied") {
        reply.status = 403;
        reply.code = BucketCode::access_denied;
    } else if (kind == "not-sent") {
        reply.not_sent = true;
    } else if (kind != "unknown") {
        command.fail(
            "expected object, written, page, removed, unchanged, missing, "
            "precondition-failed, conflict, throttled, denied, not-sent or unknown, not '" +
            kind + "'");
    }
    return reply;
}

}  // namespace leasehold::transcripts
