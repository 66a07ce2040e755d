#include "reports/text.hpp"

#include <cstdint>
#include <string>
#include <variant>

#include "reports/names.hpp"

namespace leasehold::reports {
namespace {

// Digits of a non-negative count, padded with zeros on the left.
std::string padded(std::uint64_t value, std::size_t width) {
    std::string digits = std::to_string(value);
    if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
    return digits;
}

// |count| without the overflow of the smallest integer.
std::uint64_t magnitude(std::int64_t count) {
    return count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
}

template <class Id>
std::string id_text(char prefix, Id id) {
    return prefix + std::to_string(id.value());
}

// " name=value" when there is a value.
std::string field(std::string_view name, std::string_view value) {
    if (value.empty()) return {};
    return " " + std::string(name) + "=" + std::string(value);
}

std::string number_field(std::string_view name, std::uint64_t value) {
    return value == 0 ? std::string() : field(name, std::to_string(value));
}

// One line, whatever foreign names hold.
std::string visible(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const auto hidden = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    std::string result;
    for (const char c : text) {
        if (!hidden(c)) {
            result += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xf]};
    }
    return result;
}

std::string blob_text(const Blob& blob) {
    if (blob == Blob{}) return {};
    return " " + std::to_string(blob.size) + "B:" + format_hex(blob.digest.high) +
           format_hex(blob.digest.low);
}

// Binary content is for machines: people see that it is there and which.
std::string bytes_text(std::string_view name, std::string_view bytes) {
    if (bytes.empty()) return {};
    return " " + std::string(name) + "=" + std::to_string(bytes.size()) +
           "B:" + format_hex(hash_text(bytes));
}

std::string tag_text(const FileTag& tag) {
    std::string text = number_field("epoch", tag.epoch.value()) + field("etag", tag.etag.view());
    if (tag.dirty) text += " dirty";
    if (!tag.tagged) text += " untagged";
    if (tag.write_id != 0) text += number_field("write", tag.write_id);
    return text;
}

std::string deadline_text(Instant deadline) {
    return deadline == kNever ? std::string() : " by " + format_instant(deadline);
}

std::string body_text(const ObjectBody& body) {
    return bytes_text("head", body.head) + bytes_text("metadata", body.metadata) +
           blob_text(body.payload);
}

std::string wall_text(WallTime at) {
    return format_exact(at.time_since_epoch());
}

template <class Code>
std::string status_text(std::int32_t status, Code code, bool not_sent, Duration retry_after) {
    std::string text = not_sent ? " not-sent" : status == 0 ? " no-answer" : "";
    if (status != 0) text += " " + std::to_string(status);
    if (code != Code{}) text += " " + std::string(name_of(code));
    if (retry_after != Duration{0}) text += " retry-after=" + format_exact(retry_after);
    return text;
}

std::string container_text(const Container& container) {
    return container.pod + "/" + container.pod_uid + "/" + container.id;
}

std::string container_text(const ContainerPtr& container) {
    return container ? " " + container_text(*container) : std::string();
}

struct ContentText {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const ObjectBodyPtr& body) const {
        return body ? body_text(*body) : std::string();
    }
    std::string operator()(const ListPagePtr& page) const {
        if (!page) return {};
        std::string text = " page of " + std::to_string(page->entries.size());
        if (page->truncated) text += ", truncated";
        for (const ListEntry& entry : page->entries)
            text += " [" + entry.key.str() + field("etag", entry.etag.view()) + " " +
                    std::to_string(entry.size) + "B]";
        return text;
    }
};

struct EventText {
    std::string operator()(const Start&) const { return {}; }
    std::string operator()(const Timer&) const { return {}; }
    std::string operator()(const Stop& e) const { return " by " + format_instant(e.deadline); }
    std::string operator()(const LeaseAnswered& e) const {
        const LeaseReply& r = e.reply;
        std::string text = " " + id_text('r', e.request) +
                           status_text(r.status, r.reason, r.not_sent, r.retry_after);
        if (r.about_lease) text += " about-lease";
        return r.lease ? text + " " + to_text(*r.lease) : text;
    }
    std::string operator()(const LeaseWatched& e) const {
        std::string text = " " + id_text('w', e.watch) + " " + std::string(name_of(e.kind));
        if (e.version != Version{}) text += " " + id_text('v', e.version);
        return e.lease ? text + " " + to_text(*e.lease) : text;
    }
    std::string operator()(const BucketAnswered& e) const {
        std::string text = " " + id_text('r', e.request);
        if (!e.reply) return text;
        const BucketReply& r = *e.reply;
        return text + status_text(r.status, r.code, r.not_sent, r.retry_after) +
               field("etag", r.etag.view()) + std::visit(ContentText{}, r.content);
    }
    std::string operator()(const FileAnswered& e) const {
        std::string text =
            " " + id_text('r', e.request) + " " + std::string(name_of(e.reply.status));
        if (!e.reply.entries) return text;
        for (const FileEntry& entry : *e.reply.entries)
            text += " [" + entry.key.str() + tag_text(entry.tag) + blob_text(entry.payload) + "]";
        return text;
    }
    std::string operator()(const BackupRead& e) const {
        return " " + id_text('c', e.call) + " " + e.key.str() + field("known", e.known.view()) +
               deadline_text(e.deadline);
    }
    std::string operator()(const BackupWrite& e) const {
        return " " + id_text('c', e.call) + " " + e.key.str() +
               (e.payload ? blob_text(*e.payload) : std::string());
    }
    std::string operator()(const BackupRemove& e) const {
        return " " + id_text('c', e.call) + " " + e.key.str();
    }
    std::string operator()(const Query& e) const {
        return " " + id_text('c', e.call) + " " + e.key.str() + deadline_text(e.deadline);
    }
    std::string operator()(const Cancel& e) const { return " " + id_text('c', e.call); }
    std::string operator()(const OwnContainer& e) const { return container_text(e.container); }
    std::string operator()(const HolderEnded& e) const {
        return container_text(e.container) + " at " + wall_text(e.finished) + " " +
               id_text('v', e.observed);
    }
};

struct EffectText {
    std::string operator()(const RoleChanged& e) const {
        return " " + std::string(name_of(e.role)) + number_field("term", e.term.value());
    }
    std::string operator()(const GateMoved& e) const {
        return number_field("term", e.term.value()) + " until " + format_instant(e.valid_until);
    }
    std::string operator()(const Stopped&) const { return {}; }
    std::string operator()(const SendLease& e) const {
        std::string text = " " + id_text('r', e.request) + " " + std::string(name_of(e.verb));
        if (e.lease) text += " " + to_text(*e.lease);
        return text + " timeout=" + format_exact(e.timeout);
    }
    std::string operator()(const WatchLease& e) const {
        return " " + id_text('w', e.watch) + " from " + id_text('v', e.from);
    }
    std::string operator()(const StopWatch& e) const { return " " + id_text('w', e.watch); }
    std::string operator()(const SendBucket& e) const {
        std::string text = " " + id_text('r', e.request) + " " + std::string(name_of(e.verb)) +
                           field("key", e.key.view());
        if (e.condition != PutCondition::none) text += " " + std::string(name_of(e.condition));
        text += field("etag", e.etag.view()) + field("prefix", e.prefix.view());
        if (e.body) text += body_text(*e.body);
        if (e.stalled) text += " stalled";
        return text + " timeout=" + format_exact(e.timeout);
    }
    std::string operator()(const AbortBucket& e) const { return " " + id_text('r', e.request); }
    std::string operator()(const ResumeBucket& e) const { return " " + id_text('r', e.request); }
    std::string operator()(const SendFile& e) const {
        return " " + id_text('r', e.request) + " " + std::string(name_of(e.verb)) +
               field("key", e.key.view()) + tag_text(e.tag) + blob_text(e.payload);
    }
    std::string operator()(const ReadDone& e) const {
        return done(e, name_of(e.outcome)) + blob_text(e.payload);
    }
    std::string operator()(const WriteDone& e) const { return done(e, name_of(e.ack)); }
    std::string operator()(const QueryDone& e) const {
        return done(e, name_of(e.outcome)) + blob_text(e.payload);
    }
    std::string operator()(const Mark& e) const { return " " + std::string(mark_name(e.mark)); }

    std::string operator()(const WatchHolder& e) const { return container_text(e.container); }
    std::string operator()(const StopHolderWatch&) const { return {}; }

    template <class Done>
    static std::string done(const Done& e, std::string_view outcome) {
        return " " + id_text('c', e.call) + " " + std::string(outcome) +
               number_field("epoch", e.epoch.value()) + field("etag", e.etag.view());
    }
};

}  // namespace

std::string format_duration(Duration span) {
    const std::uint64_t millis = (magnitude(span.count()) + 500'000) / 1'000'000;
    const std::string sign = span.count() < 0 && millis != 0 ? "-" : "";
    return sign + std::to_string(millis / 1000) + "." + padded(millis % 1000, 3) + "s";
}

std::string format_time(TrueTime at) {
    return format_duration(at.time_since_epoch());
}

std::string format_exact(Duration span) {
    const std::uint64_t nanos = magnitude(span.count());
    std::string fraction = padded(nanos % 1'000'000'000, 9);
    while (fraction.size() > 3 && fraction.ends_with("000"))
        fraction.resize(fraction.size() - 3);
    return (span.count() < 0 ? "-" : "") + std::to_string(nanos / 1'000'000'000) + "." + fraction +
           "s";
}

std::string format_instant(Instant at) {
    return at == kNever ? "never" : format_exact(at.time_since_epoch());
}

std::string format_hex(std::uint64_t value) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = 16; i-- > 0; value >>= 4)
        text[i] = kDigits[value & 0xf];
    return text;
}

std::string to_text(const LeaseRecord& record) {
    std::string text = "holder=" + (record.holder.empty() ? "''" : record.holder);
    text += " " + std::to_string(record.duration_seconds) + "s";
    if (record.transitions != 0) text += " transitions=" + std::to_string(record.transitions);
    if (record.acquire_time) text += " acquired=" + wall_text(*record.acquire_time);
    if (record.renew_time) text += " renewed=" + wall_text(*record.renew_time);
    if (record.nonce != 0) text += " nonce=" + format_hex(record.nonce);
    if (record.acquisition != 0) text += " acquisition=" + format_hex(record.acquisition);
    if (record.released != 0) text += " released=" + format_hex(record.released);
    if (record.max_lease_seconds != 0)
        text += " max-lease=" + std::to_string(record.max_lease_seconds) + "s";
    if (record.container != Container{}) text += " container=" + container_text(record.container);
    if (record.container_mark != 0) text += " container-mark=" + format_hex(record.container_mark);
    return text;
}

std::string to_text(const Lease& lease) {
    std::string text = id_text('v', lease.version) + field("uid", lease.uid);
    return text + " {" + to_text(lease.record) + "}" + bytes_text("extra", lease.extra);
}

std::string to_text(const Event& event) {
    return visible(std::string(kNames<Event>.at(event.index())) + std::visit(EventText{}, event));
}

std::string to_text(const Effect& effect) {
    return visible(std::string(kNames<Effect>.at(effect.index())) +
                   std::visit(EffectText{}, effect));
}

}  // namespace leasehold::reports
