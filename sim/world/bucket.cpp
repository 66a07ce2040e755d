#include "sim/world/bucket.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold::sim {
namespace {

constexpr std::string_view kEpoch = ".ha/epoch";

BucketReply refused(std::int32_t status, BucketCode code) {
    BucketReply reply;
    reply.status = status;
    reply.code = code;
    return reply;
}

/// To a PUT below or above an object, where keys are paths.
BucketReply no_path(const StoreRules& rules) {
    return refused(rules.path_refusal,
                   rules.path_refusal == 500 ? BucketCode::internal_error : BucketCode::other);
}

/// What any client of a bucket refuses by itself, since stores differ about it: a key must be able
/// to name a file (components of 1 to 255 bytes, no "." and "..", no control characters).
bool usable(std::string_view key) {
    constexpr std::size_t kKeyMax = 1024;
    constexpr std::size_t kComponentMax = 255;
    if (key.size() > kKeyMax) return false;
    for (std::size_t from = 0; from <= key.size();) {
        const std::size_t end = std::min(key.find('/', from), key.size());
        const std::string_view part = key.substr(from, end - from);
        if (part.empty() || part.size() > kComponentMax || part == "." || part == "..")
            return false;
        from = end + 1;
    }
    return std::none_of(key.begin(), key.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

}  // namespace

StoreRules rules_of(BucketProfile profile) {
    switch (profile) {
        case BucketProfile::aws:
            return {};
        case BucketProfile::minio:
            return {.hides_below = true};
        case BucketProfile::versity:
            return {.keys_are_paths = true, .checks_apart = true, .reads_apart = true};
        case BucketProfile::gcs:
            return {.versions_per_write = true, .missing_is_412 = true, .tells_of_missing = true};
        case BucketProfile::azure:
            return {.versions_per_write = true,
                    .missing_is_412 = true,
                    .unmatched_missing = 412,
                    .tells_of_missing = true,
                    .utf16_order = true};
        case BucketProfile::rclone:
            return {.keys_are_paths = true,
                    .conditions_first = true,
                    .keeps_folders = true,
                    .forgets = true};
        case BucketProfile::moto:
            return {.unsettled = true, .unmatched_missing = 404};
        case BucketProfile::s3proxy:
            return {.keys_are_paths = true,
                    .path_refusal = 500,
                    .conditions_first = true,
                    .folders_exist = true,
                    .checks_apart = true,
                    .puts_apart = true,
                    .unsettled = true,
                    .utf16_order = true};
        case BucketProfile::s3mock:
            return {.forgets = true, .unmatched_missing = 404, .utf16_order = true};
    }
    check_failed("known profile", __FILE__, __LINE__, "");
}

ETag etag_of(const ObjectBody& body) {
    // 32 hexadecimal digits, as an MD5's are: what is made for these is met.
    std::uint64_t hash = hash_text(body.head);
    for (const std::uint64_t word :
         {body.payload.size, body.payload.digest.high, body.payload.digest.low})
        hash = mix64(hash ^ (word + 0x9e3779b97f4a7c15ULL));
    std::array<char, 32> text{};
    std::uint64_t digits = hash;
    for (std::size_t i = 0; i < text.size(); ++i, digits >>= 4) {
        if (i == text.size() / 2) digits = mix64(hash + 0x9e3779b97f4a7c15ULL);
        text.at(i) = "0123456789abcdef"[digits & 15U];
    }
    return ETag(std::string_view(text.data(), text.size()));
}

ETag generation_of(const ObjectKey& key, std::uint64_t nth) {
    // Not one counter for all keys: what is done to one does not tell of another.
    constexpr std::uint64_t kFirst = 1'000'000'000'000'000;
    return ETag(std::to_string(kFirst + mix64(hash_text(key.view()) ^ mix64(nth)) % (8 * kFirst)));
}

// What is damaged twice is not whole again.
ObjectBodyPtr damaged(const ObjectBody& body, bool shorter) {
    auto other = std::make_shared<ObjectBody>(body);
    if (body.payload.size > 0) {
        if (shorter) other->payload.size /= 2;
        other->payload.digest.low = mix64(~body.payload.digest.low);
        return other;
    }
    // A header alone, such as an epoch or a tombstone.
    if (shorter)
        other->head.resize(body.head.size() / 2);
    else if (!other->head.empty())
        other->head.back() = static_cast<char>(other->head.back() + 1);
    return other;
}

ObjectBodyPtr foreign(const ObjectBody& body) {
    constexpr std::uint64_t kOther = 0x666f726569676eULL;
    // Neither header nor metadata of ours: good bytes of a size that the key has.
    auto other = std::make_shared<ObjectBody>();
    other->payload.size = std::max<std::uint64_t>(body.payload.size, 1);
    other->payload.digest = ContentDigest{mix64(body.payload.digest.high ^ kOther),
                                          mix64(body.payload.digest.low ^ kOther)};
    return other;
}

BucketReply Bucket::handle(const SendBucket& request, std::optional<BucketChange>& change,
                           bool checked) {
    if (request.verb != BucketVerb::list && !usable(request.key.view()))
        return refused(400, BucketCode::other);
    switch (request.verb) {
        case BucketVerb::get:
            return get(request);
        case BucketVerb::put:
            return put(request, change, checked);
        case BucketVerb::remove:
            return remove(request, change, checked);
        case BucketVerb::list:
            return list(request);
    }
    check_failed("known verb", __FILE__, __LINE__, "");
}

bool Bucket::is_directory(const ObjectKey& key) const {
    const std::string below = key.str() + "/";
    const auto first = objects_.lower_bound(ObjectKey(below));
    return first != objects_.end() && first->first.view().starts_with(below);
}

bool Bucket::lies_below_object(const ObjectKey& key) const {
    const std::string_view path = key.view();
    for (std::size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1))
        if (objects_.contains(ObjectKey(std::string(path.substr(0, at))))) return true;
    return false;
}

PreconditionRule Bucket::rule_of(const SendBucket& request) const {
    const Preconditions& rules = spec_.preconditions;
    if (request.verb == BucketVerb::remove)
        return request.etag.empty() ? PreconditionRule::ignored : rules.if_match_on_delete;
    if (request.verb != BucketVerb::put || request.condition == PutCondition::none)
        return PreconditionRule::ignored;
    return request.condition == PutCondition::if_match ? rules.if_match : rules.if_none_match;
}

bool Bucket::checks_apart(const SendBucket& request) const {
    return rule_of(request) == PreconditionRule::checked_then_stored;
}

std::optional<BucketReply> Bucket::refusal(const SendBucket& request) const {
    const PreconditionRule rule = rule_of(request);
    if (rule == PreconditionRule::ignored) return std::nullopt;
    if (rule == PreconditionRule::refused) return refused(501, BucketCode::not_implemented);
    const auto found = objects_.find(request.key);
    const bool exists = found != objects_.end();
    if (request.verb == BucketVerb::put && request.condition == PutCondition::if_none_match)
        return exists || (rules_.folders_exist && is_directory(request.key))
                   ? std::optional(refused(412, BucketCode::precondition_failed))
                   : std::nullopt;
    // A missing key: DELETE has nothing to do, and PUT says that there is nothing to replace.
    if (!exists) {
        std::int32_t status = rules_.missing_is_412 ? 412 : 404;
        if (request.verb == BucketVerb::remove) status = rules_.unmatched_missing;
        if (status == 0) return std::nullopt;
        return refused(status,
                       status == 412 ? BucketCode::precondition_failed : BucketCode::no_such_key);
    }
    if (found->second.etag == request.etag) return std::nullopt;
    return refused(412, BucketCode::precondition_failed);
}

BucketReply Bucket::get(const SendBucket& request) const {
    const auto found = objects_.find(request.key);
    if (found == objects_.end()) return refused(404, BucketCode::no_such_key);
    // InvalidObjectState: it lies in an archive tier and must be restored first.
    if (!archived_.empty() && archived_.contains(request.key))
        return refused(403, BucketCode::other);
    BucketReply reply;
    reply.etag = found->second.etag;
    reply.status = !request.etag.empty() && request.etag == reply.etag ? 304 : 200;
    if (reply.status == 200) reply.content = found->second.body;
    return reply;
}

BucketReply Bucket::put(const SendBucket& request, std::optional<BucketChange>& change,
                        bool checked) {
    CHECK(request.body != nullptr);
    const bool below = rules_.keys_are_paths && lies_below_object(request.key);
    if (below && !rules_.conditions_first) return no_path(rules_);
    if (!checked)
        if (const auto no = refusal(request)) return *no;
    if (below || (rules_.keys_are_paths && is_directory(request.key))) return no_path(rules_);
    change = plant(request.key, request.body);
    BucketReply reply;
    reply.status = 200;
    reply.etag = change->etag;
    return reply;
}

BucketReply Bucket::remove(const SendBucket& request, std::optional<BucketChange>& change,
                           bool checked) {
    if (!checked)
        if (const auto no = refusal(request)) return *no;
    const auto found = objects_.find(request.key);
    if (found != objects_.end()) {
        change = BucketChange{request.key, ETag{}, nullptr, ++version_};
        archived_.erase(request.key);
        objects_.erase(found);
    } else if (rules_.keeps_folders && is_directory(request.key)) {
        return refused(500, BucketCode::internal_error);
    } else if (rules_.tells_of_missing) {
        return refused(404, BucketCode::no_such_key);
    }
    return refused(204, BucketCode::none);  // mostly a missing key is no error
}

BucketReply Bucket::list(const SendBucket& request) {
    const bool kept = page_ && page_version_ == version_ && page_prefix_ == request.prefix &&
                      page_after_ == request.key;
    if (!kept) {
        page_ = make_page(request);
        page_version_ = version_;
        page_prefix_ = request.prefix;
        page_after_ = request.key;
    }
    BucketReply reply;
    reply.status = 200;
    reply.content = page_;
    return reply;
}

ListPagePtr Bucket::make_page(const SendBucket& request) const {
    auto page = std::make_shared<ListPage>();
    const auto from = std::max(request.prefix, request.key);
    for (auto at = objects_.lower_bound(from); at != objects_.end(); ++at) {
        const std::string_view key = at->first.view();
        if (!key.starts_with(request.prefix.view())) break;
        if (!request.key.empty() && at->first <= request.key) continue;
        if (rules_.hides_below && lies_below_object(at->first)) continue;
        if (page->entries.size() == spec_.page_size) {
            page->truncated = true;
            break;
        }
        const ObjectBody& body = *at->second.body;
        page->entries.push_back({at->first, at->second.etag, body.head.size() + body.payload.size});
    }
    return page;
}

std::vector<ObjectKey> Bucket::chosen(ObjectChoice choice) const {
    std::vector<ObjectKey> keys;
    std::uint64_t newest = 0;
    for (const auto& [key, object] : objects_) {
        const bool own = key.view().starts_with(".ha/");
        if (choice == ObjectChoice::all || (choice == ObjectChoice::epoch && key.view() == kEpoch))
            keys.push_back(key);
        if (choice != ObjectChoice::newest || own || object.version <= newest) continue;
        newest = object.version;
        keys.assign(1, key);
    }
    return keys;
}

Bucket::Laid Bucket::archive(const ObjectKey& key) {
    ++archived_[key];
    return {key, objects_.at(key).version};
}

void Bucket::thaw(const Laid& object) {
    const auto found = objects_.find(object.first);
    if (found == objects_.end() || found->second.version != object.second) return;
    const auto times = archived_.find(object.first);
    if (times != archived_.end() && --times->second == 0) archived_.erase(times);
}

BucketChange Bucket::damage(const ObjectKey& key, ObjectDamage how) {
    const auto found = objects_.find(key);
    CHECK(found != objects_.end());
    if (how == ObjectDamage::removed) {
        objects_.erase(found);
        archived_.erase(key);
        return BucketChange{key, ETag{}, nullptr, ++version_};
    }
    if (how == ObjectDamage::foreign) return plant(key, foreign(*found->second.body));
    return plant(key, damaged(*found->second.body, how == ObjectDamage::truncated));
}

BucketChange Bucket::plant(const ObjectKey& key, ObjectBodyPtr body) {
    Object& object = objects_[key];
    object.etag = rules_.versions_per_write ? generation_of(key, ++writes_[key]) : etag_of(*body);
    object.body = std::move(body);
    object.version = ++version_;
    if (!archived_.empty()) archived_.erase(key);
    return BucketChange{key, object.etag, object.body, object.version};
}

}  // namespace leasehold::sim
