#include "tests/conformance/bucket_domain.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::conformance {
namespace {

constexpr std::string_view kWrongTag = "00000000000000000000000000000000";

/// `size` bytes that are the content's own.
std::string payload_of(std::uint32_t content, std::uint32_t size) {
    std::string text = std::to_string(content) + ":";
    while (text.size() < size)
        text += static_cast<char>('a' + (text.size() + content) % 26);
    text.resize(size);
    return text;
}

ObjectBodyPtr body_of(const BucketOp& op) {
    auto body = std::make_shared<ObjectBody>();
    body->payload = agent::blob_of(op.form == BodyForm::empty ? std::string()
                                                              : payload_of(op.content, op.size));
    Stamp stamp;
    stamp.epoch = Epoch(7);
    stamp.writer = 1;
    stamp.write_id = op.content;
    stamp.length = body->payload.size;
    stamp.digest = body->payload.digest;
    if (op.form == BodyForm::fenced) body->head = encode_header(stamp);
    if (op.form == BodyForm::tagged) body->metadata = encode_metadata(stamp);
    return body;
}

ETag tag_of(TagFrom from, const BucketDomain::Seen& seen) {
    switch (from) {
        case TagFrom::seen:
            return seen.last;
        case TagFrom::older:
            return seen.older;
        case TagFrom::wrong:
            return ETag(std::string(kWrongTag));
        case TagFrom::none:
            break;
    }
    return ETag{};
}

void see(BucketDomain::Seen& seen, const ETag& tag) {
    if (tag.empty() || tag == seen.last) return;
    seen.older = seen.last;
    seen.last = tag;
}

const ListPage* page_of(const BucketReply& reply) {
    const auto* page = std::get_if<ListPagePtr>(&reply.content);
    return page != nullptr ? page->get() : nullptr;
}
const ObjectBody* object_of(const BucketReply& reply) {
    const auto* body = std::get_if<ObjectBodyPtr>(&reply.content);
    return body != nullptr ? body->get() : nullptr;
}

/// Another of these calls changes the key that `request` is about; of a LIST, any key.
bool changed_beside(const std::vector<BucketCall>& calls, std::size_t which,
                    const SendBucket& request) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const SendBucket& other = calls[i].request;
        const bool change = other.verb == BucketVerb::put || other.verb == BucketVerb::remove;
        if (i == which || !change) continue;
        if (request.verb == BucketVerb::list || other.key == request.key) return true;
    }
    return false;
}
/// What an unsettled store may say of a key that is being changed: nothing that can be used, or
/// that it is not there (of a conditional write, that it is no longer what it was).
bool unsettled(const SendBucket& request, const BucketReply& real) {
    if (real.status == 500 || (real.status == 0 && !real.not_sent)) return true;
    if (request.verb == BucketVerb::list) return page_of(real) == nullptr;
    if (request.verb == BucketVerb::get) return real.status == 404 || real.etag.empty();
    return !request.etag.empty() && real.status == 412;
}
bool listed(const ListPage& page, const ObjectKey& key) {
    return std::any_of(page.entries.begin(), page.entries.end(),
                       [&](const ListEntry& entry) { return entry.key == key; });
}

/// `may_be_short`: a page may end before it is full, if it says that more follow.
std::optional<std::string> compare_pages(NameRelation& tags, const ListPage& simulated,
                                         const ListPage& real, bool may_be_short) {
    for (std::size_t i = 0; i < std::min(simulated.entries.size(), real.entries.size()); ++i) {
        const ListEntry& ours = simulated.entries[i];
        const ListEntry& theirs = real.entries[i];
        const std::string which = "entry " + std::to_string(i + 1) + " of the page: ";
        if (ours.key != theirs.key)
            return which + "key " + theirs.key.str() + ", simulated " + ours.key.str();
        if (ours.size != theirs.size) return which + "the size";
        if (auto why = tags.relate(ours.etag.str(), theirs.etag.str()))
            return which + "ETags: " + *why;
    }
    if (may_be_short && real.truncated && real.entries.size() < simulated.entries.size())
        return std::nullopt;
    if (simulated.entries.size() != real.entries.size())
        return std::to_string(real.entries.size()) + " entries on the page, simulated " +
               std::to_string(simulated.entries.size());
    if (simulated.truncated != real.truncated) return "whether more follows after the page";
    return std::nullopt;
}

std::string quoted(const std::string& key) {
    return "\"" +
           (key.size() > 40 ? key.substr(0, 12) + "... " + std::to_string(key.size()) + " bytes"
                            : key) +
           "\"";
}

std::string object_text(const ObjectBody& body) {
    return ", head " + std::to_string(body.head.size()) + " B, payload " +
           std::to_string(body.payload.size) + " B #" +
           std::to_string(body.payload.digest.high % 10'000) +
           (body.metadata.empty() ? "" : ", metadata " + body.metadata.substr(0, 24));
}

std::string page_text(const ListPage& page) {
    std::string text = ", " + std::to_string(page.entries.size()) + " keys";
    for (std::size_t i = 0; i < std::min<std::size_t>(page.entries.size(), 8); ++i) {
        const ListEntry& entry = page.entries[i];
        text += " " + quoted(entry.key.str()) + " " + entry.etag.str().substr(0, 6);
    }
    return text + (page.truncated ? ", more follow" : "");
}

}  // namespace

BucketCall BucketDomain::build(const BucketOp& op, const Memory& memory,
                               const BucketServer& /*server*/) const {
    const auto found = memory.find({op.client, op.key});
    const Seen seen = found == memory.end() ? Seen{} : found->second;
    BucketCall call;
    call.client = op.client;
    call.request.verb = op.verb;
    call.request.key = ObjectKey(op.key);
    call.request.prefix = ObjectKey(op.prefix);
    call.request.etag = tag_of(op.tag, seen);
    if (op.verb != BucketVerb::put) return call;
    call.fill = op.fill;
    call.request.body = body_of(op);
    call.request.condition = op.condition;
    // A condition on a tag that was never seen is one on a tag that does not match.
    if (op.condition == PutCondition::if_match && call.request.etag.empty())
        call.request.etag = tag_of(TagFrom::wrong, seen);
    if (op.condition != PutCondition::if_match) call.request.etag = ETag{};
    return call;
}

void BucketDomain::learn(Memory& memory, const Round<BucketOp>& round,
                         const std::vector<BucketCall>& /*calls*/,
                         const std::vector<BucketReply>& replies) const {
    for (std::size_t i = 0; i < round.size(); ++i) {
        const std::uint32_t client = round[i].client;
        see(memory[{client, round[i].key}], replies[i].etag);
        if (const ListPage* page = page_of(replies[i]))
            for (const ListEntry& entry : page->entries)
                see(memory[{client, entry.key.str()}], entry.etag);
    }
}

std::optional<std::string> BucketDomain::compare(Relations& relations, const BucketReply& simulated,
                                                 const BucketReply& real,
                                                 const BucketServer& /*server*/) const {
    // Versity closes the connection with each 412, and now and then nothing else arrives: then
    // the client knows nothing, and a later GET shows that nothing was written.
    if (spec_.profile == sim::BucketProfile::versity && real.status == 0 && !real.not_sent &&
        simulated.status == 412)
        return std::nullopt;
    if (real.status != simulated.status) return "the status";
    if (real.code != simulated.code) return "the code";
    if (real.not_sent != simulated.not_sent) return "whether it was sent";
    if (real.retry_after != simulated.retry_after) return "Retry-After";
    if (auto why = relations.tags.relate(simulated.etag.str(), real.etag.str()))
        return "ETags: " + *why;
    if (real.content.index() != simulated.content.index()) return "the kind of content";
    if (const ListPage* page = page_of(real))
        // Azure goes on from markers of its own; from any other key its client reads the page that
        // begins before it, and passes on what is left.
        return compare_pages(relations.tags, *page_of(simulated), *page,
                             spec_.profile == sim::BucketProfile::azure);
    if (const ObjectBody* body = object_of(real)) {
        const ObjectBody& ours = *object_of(simulated);
        if (body->head != ours.head) return "the header";
        if (body->metadata != ours.metadata) return "the metadata";
        if (!(body->payload == ours.payload)) return "the payload";
    }
    return std::nullopt;
}

bool BucketDomain::two_steps(const BucketCall& call) const {
    const SendBucket& request = call.request;
    const bool conditional = request.verb == BucketVerb::put
                                 ? request.condition != PutCondition::none
                                 : request.verb == BucketVerb::remove && !request.etag.empty();
    const sim::StoreRules rules = sim::rules_of(spec_.profile);
    return (rules.checks_apart && conditional) ||
           (rules.reads_apart && request.verb == BucketVerb::get) ||
           (rules.puts_apart && request.verb == BucketVerb::remove);
}

BucketCall BucketDomain::second_step(const BucketCall& call) const {
    BucketCall rest = call;
    rest.request.condition = PutCondition::none;
    rest.request.etag = ETag{};
    return rest;
}

BucketReply BucketDomain::of_both(const BucketCall& call, const BucketReply& first,
                                  BucketReply second) {
    if (call.request.verb == BucketVerb::get && object_of(second) != nullptr)
        second.etag = first.etag;
    return second;
}

bool BucketDomain::locks(const BucketCall& one, const BucketCall& other) const {
    return !sim::rules_of(spec_.profile).puts_apart && one.request.verb == BucketVerb::put &&
           other.request.verb == BucketVerb::put && one.request.key == other.request.key;
}

bool BucketDomain::refused_beside(const std::vector<BucketCall>& calls, std::size_t which,
                                  const BucketReply& real) const {
    const sim::StoreRules rules = sim::rules_of(spec_.profile);
    const SendBucket& refused = calls[which].request;
    const bool failed = rules.unsettled && unsettled(refused, real);
    if (failed && changed_beside(calls, which, refused)) return true;
    const bool conflict = real.status == 400 && real.code == BucketCode::other;
    if (!rules.keys_are_paths || refused.verb != BucketVerb::put || !(conflict || failed))
        return false;
    return std::any_of(calls.begin(), calls.end(), [&](const BucketCall& call) {
        return empties_folder_of(call.request, refused.key);
    });
}

BucketReply BucketDomain::seen_beside(const std::vector<BucketCall>& calls, std::size_t which,
                                      BucketReply simulated, const BucketReply& real) const {
    if (!sim::rules_of(spec_.profile).unsettled) return simulated;
    const ObjectBody* got = object_of(real);
    const ObjectBody* body = object_of(simulated);
    if (got != nullptr && body != nullptr && got->metadata.empty() &&
        changed_beside(calls, which, calls[which].request)) {
        auto bare = std::make_shared<ObjectBody>(*body);
        bare->metadata.clear();
        simulated.content = ObjectBodyPtr(std::move(bare));
        return simulated;
    }
    const ListPage* theirs = page_of(real);
    const ListPage* ours = page_of(simulated);
    if (theirs == nullptr || ours == nullptr) return simulated;
    auto page = std::make_shared<ListPage>(*ours);
    std::erase_if(page->entries, [&](const ListEntry& entry) {
        SendBucket look;
        look.key = entry.key;
        return !listed(*theirs, entry.key) && changed_beside(calls, which, look);
    });
    simulated.content = ListPagePtr(std::move(page));
    return simulated;
}

std::string BucketDomain::fingerprint(const SimBucket& server,
                                      const Relations& /*relations*/) const {
    std::string print;
    for (const auto& [key, body] : server.objects())
        print += key.str() + "/" + server.tags().at(key).str() + "/" + sim::etag_of(*body).str() +
                 "/" + body->metadata + ";";
    return print;
}

std::string BucketDomain::text(const BucketOp& op) const {
    constexpr std::array<std::string_view, 4> kVerbs{"GET", "PUT", "DELETE", "LIST"};
    constexpr std::array<std::string_view, 4> kTags{"no tag", "the tag seen", "an older tag",
                                                    "a wrong tag"};
    constexpr std::array<std::string_view, 4> kForms{"fenced", "tagged", "plain", "empty"};
    std::string text = "client " + std::to_string(op.client) + ": " +
                       std::string(kVerbs.at(static_cast<std::size_t>(op.verb)));
    const std::string tag(kTags.at(static_cast<std::size_t>(op.tag)));
    if (op.verb == BucketVerb::list)
        return text + " prefix " + quoted(op.prefix) + " after " + quoted(op.key);
    text += " " + quoted(op.key);
    if (op.verb == BucketVerb::put)
        text += " " + std::string(kForms.at(static_cast<std::size_t>(op.form))) + " content " +
                std::to_string(op.content);
    if (op.fill != 1) text += " to " + std::to_string(op.fill) + " keys";
    if (op.verb == BucketVerb::put && op.condition == PutCondition::if_none_match)
        text += " If-None-Match *";
    if (op.verb == BucketVerb::put && op.condition == PutCondition::if_match)
        text += " If-Match " + tag;
    if (op.verb != BucketVerb::put && op.tag != TagFrom::none)
        text += (op.verb == BucketVerb::get ? " If-None-Match " : " If-Match ") + tag;
    return text;
}

std::string BucketDomain::text(const BucketReply& reply, const BucketServer& /*server*/) const {
    constexpr std::array<std::string_view, 10> kCodes{"",
                                                      "NoSuchKey",
                                                      "NoSuchBucket",
                                                      "PreconditionFailed",
                                                      "ConditionalRequestConflict",
                                                      "SlowDown",
                                                      "AccessDenied",
                                                      "NotImplemented",
                                                      "InternalError",
                                                      "another code"};
    std::string text = reply.status == 0 ? "no answer" : std::to_string(reply.status);
    if (reply.not_sent) text += " (not sent)";
    if (reply.code != BucketCode::none)
        text += " " + std::string(kCodes.at(static_cast<std::size_t>(reply.code)));
    if (!reply.etag.empty()) text += " ETag " + reply.etag.str().substr(0, 8);
    if (const ObjectBody* body = object_of(reply)) text += object_text(*body);
    if (const ListPage* page = page_of(reply)) text += page_text(*page);
    return text;
}

std::vector<BucketOp> BucketDomain::simpler(const BucketOp& op) const {
    std::vector<BucketOp> plainer;
    const auto with = [&](auto&& change) {
        BucketOp other = op;
        change(other);
        plainer.push_back(std::move(other));
    };
    if (op.client != 0) with([](BucketOp& o) { o.client = 0; });
    if (op.condition != PutCondition::none)
        with([](BucketOp& o) { o.condition = PutCondition::none; });
    if (op.form != BodyForm::plain) with([](BucketOp& o) { o.form = BodyForm::plain; });
    if (op.content > 1) with([](BucketOp& o) { o.content = 1; });
    if (!op.prefix.empty()) with([](BucketOp& o) { o.prefix.clear(); });
    if (op.verb == BucketVerb::list && !op.key.empty()) with([](BucketOp& o) { o.key.clear(); });
    if (op.tag != TagFrom::none) with([](BucketOp& o) { o.tag = TagFrom::none; });
    return plainer;
}

}  // namespace leasehold::conformance
