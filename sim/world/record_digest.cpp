#include "sim/world/record_digest.hpp"

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace leasehold::sim {
namespace {

/// The tag of each record; steps have none, as most records are these.
enum class Tag : std::uint8_t { started, ended, clock, left, lease, object, fault, path };

/// Bytes as a number, little-endian on every machine.
template <class Word>
std::uint64_t word_at(const char* from) {
    Word word = 0;
    std::memcpy(&word, from, sizeof word);
    if constexpr (std::endian::native == std::endian::big)
        word = sizeof word == 8
                   ? static_cast<Word>(__builtin_bswap64(word))
                   : static_cast<Word>(__builtin_bswap32(static_cast<std::uint32_t>(word)));
    return word;
}
std::uint64_t eight(const char* from) {
    return word_at<std::uint64_t>(from);
}
std::uint64_t four(const char* from) {
    return word_at<std::uint32_t>(from);
}

template <class T>
concept Number = std::is_integral_v<T> || std::is_enum_v<T>;

// What is one word.
template <Number T>
std::uint64_t word(T number) {
    return static_cast<std::uint64_t>(number);
}
template <class Tag>
std::uint64_t word(StrongId<Tag> id) {
    return id.value();
}
std::uint64_t word(Duration span) {
    return word(span.count());
}
template <class Clock>
std::uint64_t word(const std::chrono::time_point<Clock, Duration>& time) {
    return word(time.time_since_epoch());
}
template <class T>
concept Word = requires(const T& value) {
    word(value);
};

}  // namespace

// The tail is read from the end, and may overlap what was read before: no byte is read one by one.
void WordDigest::add_text(std::string_view text) {
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left > 16; left -= 16, at += 16)
        add(eight(at), eight(at + 8));
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (left >= 8) {
        first = eight(at);
        last = eight(at + left - 8);
    } else if (left >= 4) {
        first = four(at);
        last = four(at + left - 4);
    } else if (left > 0) {
        const auto byte = [&](std::size_t i) { return word(static_cast<unsigned char>(at[i])); };
        first = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
    }
    add(first, last ^ text.size() * 0xd6e8feb86659fd93ULL);
}

/// Feeds values into a digest. Each struct is taken apart by name, so that a field which is added
/// to it does not compile here before it is part of the digest.
struct RecordDigest::Words {
    RecordDigest& known;
    WordDigest& out;

    void all() {}
    template <class One>
    void all(const One& one) {
        add(one);
    }
    template <class One, class Other, class... Rest>
    void all(const One& one, const Other& other, const Rest&... rest) {
        if constexpr (Word<One> && Word<Other>) {
            out.add(word(one), word(other));
            all(rest...);
        } else {
            add(one);
            all(other, rest...);
        }
    }

    template <Word T>
    void add(const T& value) {
        out.add(word(value));
    }
    void add(std::string_view text) { text.empty() ? out.add(0) : out.add_text(text); }
    void add(const std::string& text) { add(std::string_view(text)); }
    template <class Tag>
    void add(const SharedText<Tag>& text) {
        add(text.view());
    }
    template <class T>
    void add(const std::optional<T>& value) {
        value ? out.add(1, word(*value)) : out.add(0);
    }
    template <class T>
    void add(const std::vector<T>& list) {
        add(list.size());
        for (const T& one : list)
            add(one);
    }
    template <class T>
    void add(const std::shared_ptr<const T>& handle) {
        add(handle != nullptr);
        if (handle) add(*handle);
    }
    void add(const LeasePtr& lease) {
        out.add(known.leases_.of(lease, [&](const Lease& whole) { return apart(whole); }));
    }
    void add(const ListPagePtr& page) {
        out.add(known.pages_.of(page, [&](const ListPage& whole) { return apart(whole); }));
    }
    /// By itself, so that it can be kept.
    template <class T>
    std::uint64_t apart(const T& value) {
        WordDigest own;
        Words{known, own}.add(value);
        return own.value();
    }

    // ---- the Lease ---------------------------------------------------------------------------
    void add(const Container& value) {
        const auto& [pod, pod_uid, id] = value;
        const bool any = !pod.empty() || !pod_uid.empty() || !id.empty();
        out.add(word(any));
        if (any) all(pod, pod_uid, id);
    }
    void add(const LeaseRecord& value) {
        const auto& [holder, duration, transitions, acquired, renewed, nonce, acquisition, released,
                     max_lease, container, container_mark] = value;
        all(holder, duration, transitions, nonce, acquisition, released, max_lease, acquired,
            renewed, container_mark, container);
    }
    void add(const Lease& value) {
        const auto& [version, uid, record, extra] = value;
        all(uid, version, extra.size(), record);
        if (!extra.empty()) add(extra);
    }
    void add(const LeaseReply& value) {
        const auto& [status, reason, not_sent, about_lease, retry_after, lease] = value;
        all(status, reason, not_sent, about_lease, retry_after, lease);
    }

    // ---- objects and files -------------------------------------------------------------------
    void add(const Blob& value) {
        const auto& [size, digest, bytes] = value;
        static_cast<void>(bytes);  // a handle, and null here
        all(size, digest.high, digest.low);
    }
    void add(const Stamp& value) {
        const auto& [epoch, writer, write_id, length, digest, tombstone] = value;
        all(epoch, writer, write_id, length, digest.high, digest.low, tombstone);
    }
    void add(const ObjectBody& value) {
        const auto& [head, metadata, payload] = value;
        all(head, metadata, payload);
    }
    void add(const ListEntry& value) {
        const auto& [key, etag, size] = value;
        all(key, etag, size);
    }
    void add(const ListPage& value) {
        const auto& [entries, truncated] = value;
        all(entries, truncated);
    }
    void add(const BucketReply& value) {
        const auto& [status, code, not_sent, retry_after, etag, content, names_condition] = value;
        all(status, code, not_sent, retry_after, etag, content.index(), names_condition);
        if (const auto* body = std::get_if<ObjectBodyPtr>(&content)) add(*body);
        if (const auto* page = std::get_if<ListPagePtr>(&content)) add(*page);
    }
    void add(const FileTag& value) {
        const auto& [epoch, etag, dirty, tagged, write_id] = value;
        all(epoch, etag, dirty, tagged, write_id);
    }
    void add(const FileEntry& value) {
        const auto& [key, tag, payload] = value;
        all(key, tag, payload);
    }
    void add(const FileReply& value) {
        const auto& [status, entries] = value;
        all(status, entries);
    }

    // ---- events ------------------------------------------------------------------------------
    void add(const Start&) {}
    void add(const Timer&) {}
    void add(const Stop& event) {
        const auto& [deadline] = event;
        add(deadline);
    }
    void add(const LeaseAnswered& event) {
        const auto& [request, reply] = event;
        all(request, reply);
    }
    void add(const LeaseWatched& event) {
        const auto& [watch, kind, version, lease] = event;
        all(watch, kind, version, lease);
    }
    void add(const BucketAnswered& event) {
        const auto& [request, reply] = event;
        all(request, reply);
    }
    void add(const FileAnswered& event) {
        const auto& [request, reply] = event;
        all(request, reply);
    }
    void add(const BackupRead& event) {
        const auto& [call, key, known_version, deadline] = event;
        all(call, key, known_version, deadline);
    }
    void add(const BackupWrite& event) {
        const auto& [call, key, payload] = event;
        all(call, key, payload);
    }
    void add(const BackupRemove& event) {
        const auto& [call, key] = event;
        all(call, key);
    }
    void add(const Query& event) {
        const auto& [call, key, deadline] = event;
        all(call, key, deadline);
    }
    void add(const Cancel& event) {
        const auto& [call] = event;
        add(call);
    }
    void add(const OwnContainer& event) {
        const auto& [container] = event;
        add(container);
    }
    void add(const HolderEnded& event) {
        const auto& [container, finished, observed] = event;
        all(container, finished, observed);
    }

    // ---- effects -----------------------------------------------------------------------------
    void add(const RoleChanged& effect) {
        const auto& [role, term] = effect;
        all(role, term);
    }
    void add(const GateMoved& effect) {
        const auto& [term, valid_until] = effect;
        all(term, valid_until);
    }
    void add(const Stopped&) {}
    void add(const SendLease& effect) {
        const auto& [request, verb, lease, timeout] = effect;
        // The server makes a Lease of its own of it: this one is not met again.
        all(request, verb, timeout, lease ? apart(*lease) : 0);
    }
    void add(const WatchLease& effect) {
        const auto& [watch, from] = effect;
        all(watch, from);
    }
    void add(const StopWatch& effect) {
        const auto& [watch] = effect;
        add(watch);
    }
    void add(const SendBucket& effect) {
        const auto& [request, verb, condition, key, etag, body, prefix, timeout, stalled] = effect;
        all(request, verb, condition, key, etag, body, prefix, timeout, stalled);
    }
    void add(const ResumeBucket& effect) {
        const auto& [request] = effect;
        add(request);
    }
    void add(const AbortBucket& effect) {
        const auto& [request] = effect;
        add(request);
    }
    void add(const SendFile& effect) {
        const auto& [request, verb, key, tag, payload] = effect;
        all(request, verb, key, tag, payload);
    }
    void add(const ReadDone& effect) {
        const auto& [call, outcome, epoch, etag, payload] = effect;
        all(call, outcome, epoch, etag, payload);
    }
    void add(const WriteDone& effect) {
        const auto& [call, ack, epoch, etag] = effect;
        all(call, ack, epoch, etag);
    }
    void add(const QueryDone& effect) {
        const auto& [call, outcome, epoch, etag, payload] = effect;
        all(call, outcome, epoch, etag, payload);
    }
    void add(const Mark& effect) {
        const auto& [mark] = effect;
        add(mark);
    }
    void add(const WatchHolder& effect) {
        const auto& [container] = effect;
        add(container);
    }
    void add(const StopHolderWatch&) {}

    void add(const ClockPiece& value) {
        const auto& [since, monotonic, rate_ppb] = value;
        all(since, monotonic, rate_ppb);
    }
};

// Of the records themselves the test tells whether a field is missing: names can't take apart what
// has a base.

void RecordDigest::add(const ProcessStarted& record) {
    Words{*this, words_}.all(record.at, Tag::started, record.replica, record.name, record.identity,
                             record.elects, record.clock);
}

void RecordDigest::add(const ProcessEnded& record) {
    Words{*this, words_}.all(record.at, Tag::ended, record.replica, record.cause);
}

void RecordDigest::add(const ClockChanged& record) {
    Words{*this, words_}.all(record.at, Tag::clock, record.replica, record.clock);
}

void RecordDigest::add(const ReplicaStepped& record) {
    Words words{*this, words_};
    words.all(record.at, record.now.monotonic, record.now.wall,
              (word(record.replica) + 1) << 32 |  // above all tags
                  record.effects.size() << 8 | record.event->index());
    std::visit([&](const auto& event) { words.add(event); }, *record.event);
    for (const Effect& effect : record.effects) {
        words.add(effect.index());
        std::visit([&](const auto& one) { words.add(one); }, effect);
    }
}

void RecordDigest::add(const RequestLeft& record) {
    Words{*this, words_}.all(record.at, Tag::left, record.replica, record.request, record.verb,
                             record.permitted);
}

void RecordDigest::add(const LeaseCommitted& record) {
    Words{*this, words_}.all(record.at, Tag::lease, record.writer, record.before, record.after,
                             record.restored);
}

void RecordDigest::add(const ObjectCommitted& record) {
    Words{*this, words_}.all(record.at, Tag::object, record.writer, record.key, record.etag,
                             record.stamp, record.version);
}

void RecordDigest::add(const FaultTookEffect& record) {
    Words{*this, words_}.all(record.at, Tag::fault, record.fault, record.began, record.what,
                             record.targets);
}

void RecordDigest::add(const PathChanged& record) {
    Words{*this, words_}.all(record.at, Tag::path, record.replica, record.api_healthy,
                             record.bucket_healthy);
}

}  // namespace leasehold::sim
