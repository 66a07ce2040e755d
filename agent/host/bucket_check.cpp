#include "agent/host/bucket_check.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "agent/base/bytes.hpp"
#include "agent/host/bucket_clock.hpp"
#include "agent/host/bucket_place.hpp"
#include "agent/host/bucket_session.hpp"
#include "agent/host/identity.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

// Rounds of two writes at once, that replace and that create.
constexpr int kReplaced = 20;
constexpr int kCreated = 10;
const ETag kNoSuch("00000000000000000000000000000000");

class Check {
  public:
    explicit Check(const AgentConfig& config)
        : config_(config),
          bucket_(config),
          type_(config.bucket->type),
          key_(".ha/probe/check-" + std::to_string(random_word())) {}

    std::vector<BucketFinding> run() {
        if (!list() || !absent() || !write_and_read()) return std::move(findings_);
        if (conditions()) {
            race();
            stalled();
        }
        conditional_delete();
        clean_up();
        return std::move(findings_);
    }

  private:
    SendBucket request(BucketVerb verb) {
        return bucket_.request(verb, verb == BucketVerb::list ? ObjectKey{} : key_);
    }
    SendBucket put(const std::string& text, PutCondition condition = PutCondition::none,
                   const ETag& etag = {}) {
        SendBucket out = request(BucketVerb::put);
        auto body = std::make_shared<ObjectBody>();
        body->payload = blob_of(text);
        out.body = std::move(body);
        out.condition = condition;
        out.etag = etag;
        return out;
    }
    BucketReply ask(const SendBucket& what) { return bucket_.ask(what); }
    /// The permission's name at the store.
    [[nodiscard]] std::string right(const char* s3, const char* google, const char* azure) const {
        if (type_ == BucketType::azure) return std::string("Storage Blob Data: ") + azure;
        return type_ == BucketType::gcs ? google : s3;
    }
    void found(std::string what, std::string seen, std::string advice = {}, bool usable = true) {
        findings_.push_back({std::move(what), std::move(seen), std::move(advice), usable});
    }
    [[nodiscard]] std::string words(const BucketReply& reply) const { return bucket_.words(reply); }
    bool failed(const std::string& what, const BucketReply& reply, const std::string& advice) {
        const std::string seen = words(reply);
        const bool nobody = seen.starts_with("no credentials: ");
        const std::string clock = clock_advice(type_, witness(reply));
        const std::string place =
            place_advice(*config_.bucket, {reply.status, bucket_.word(), seen, bucket_.region()});
        found(what, seen,
              !clock.empty()   ? clock
              : nobody         ? "--check-config says where they come from"
              : !place.empty() ? place
                               : advice,
              false);
        return false;
    }
    /// The last answer.
    [[nodiscard]] ClockWitness witness(const BucketReply& reply) const {
        return {reply.status, bucket_.word(), words(reply), bucket_.clock()};
    }

    /// Where it was asked, and under which region.
    void place(bool works, const BucketReply& reply) {
        if (auto address = address_finding(config_)) {
            const bool may_be = reply.status != 0 || words(reply).starts_with("Could not resolve");
            const auto other = !works && may_be ? readdressed(config_) : std::nullopt;
            if (other && lists(*other)) {
                address->usable = false;
                address->advice = "it is at " + address_finding(*other)->found +
                                  ": set config.bucket_lookup_type: " +
                                  (other->bucket->virtual_host ? "virtual-hosted" : "path");
            }
            findings_.push_back(*std::move(address));
        }
        if (reply.status == 0) return;
        if (auto region = region_finding(*config_.bucket, bucket_.region(), works))
            findings_.push_back(*std::move(region));
    }
    static bool lists(const AgentConfig& config) {
        BucketSession bucket(config);
        return bucket.insist(bucket.request(BucketVerb::list, ObjectKey{})).outcome ==
               BucketOutcome::page;
    }
    bool list() {
        const auto [outcome, reply] = bucket_.insist(request(BucketVerb::list));
        place(outcome == BucketOutcome::page, reply);
        // First, since a clock that is off explains what follows.
        if (auto clock = clock_finding(type_, witness(reply)))
            findings_.push_back(*std::move(clock));
        if (outcome != BucketOutcome::page)
            return failed("LIST", reply,
                          "followers learn of backups by LIST: allow " +
                              right("s3:ListBucket", "storage.objects.list", "read"));
        const auto& page = *std::get<ListPagePtr>(reply.content);
        found("LIST",
              page.entries.empty() ? "works, no objects"
                                   : std::to_string(page.entries.size()) +
                                         (page.truncated ? " objects and more" : " objects"),
              page.entries.empty() ? "is the bucket's name right? Some stores make what is missing"
                                   : "");
        return true;
    }
    bool absent() {
        const auto [outcome, reply] = bucket_.insist(request(BucketVerb::get));
        if (outcome != BucketOutcome::missing)
            return failed("GET of a key that is not there", reply,
                          "expected 404: without " +
                              right("s3:ListBucket", "storage.objects.list", "read") +
                              " some stores say 403");
        found("GET of a key that is not there", bucket_.status_and_word(reply));
        return true;
    }
    bool write_and_read() {
        const auto [outcome, reply] = bucket_.insist(put("one"));
        if (outcome != BucketOutcome::written)
            return failed(
                "PUT", reply,
                "allow " + right("s3:PutObject",
                                 "storage.objects.create and storage.objects.delete", "write"));
        etag_ = reply.etag;
        found("PUT", "stored");
        const BucketReply read = ask(request(BucketVerb::get));
        const auto* body = std::get_if<ObjectBodyPtr>(&read.content);
        if (body == nullptr || *body == nullptr || (*body)->payload != blob_of("one")) {
            failed("GET", read, "what was stored did not come back");
            clean_up();
            return false;
        }
        found("GET", "what was stored");
        return true;
    }
    /// Does the store refuse `put`, as it must? False when it cannot be relied on.
    bool refuses(const std::string& what, const SendBucket& put) {
        const BucketReply reply = ask(put);
        const BucketOutcome outcome = classify(BucketVerb::put, reply);
        if (outcome == BucketOutcome::precondition_failed) {
            found(what, "honoured");
            return true;
        }
        const bool ignored = outcome == BucketOutcome::written;
        if (ignored) etag_ = reply.etag;
        found(what,
              ignored                             ? "ignored"
              : outcome == BucketOutcome::refused ? "refused: " + words(reply)
                                                  : words(reply),
              "written without: time alone keeps an old leader's late write away");
        return false;
    }
    bool conditions() {
        const bool create =
            refuses("If-None-Match on PUT", put("two", PutCondition::if_none_match));
        const bool replace =
            refuses("If-Match on PUT", put("two", PutCondition::if_match, kNoSuch));
        if (!create || !replace) return false;
        const BucketReply reply = ask(put("two", PutCondition::if_match, etag_));
        if (classify(BucketVerb::put, reply) == BucketOutcome::written) {
            etag_ = reply.etag;
            return true;
        }
        found("If-Match that holds", words(reply), "no object could ever be replaced", false);
        return false;
    }
    /// How many of two writes under one condition, sent at once, the store takes: one may win.
    std::size_t winners(const SendBucket& first, const SendBucket& second) {
        bucket_.send(first);
        bucket_.send(second);
        std::size_t won = 0;
        for (const RequestId id : {first.request, second.request})
            if (classify(BucketVerb::put, bucket_.wait(id)) == BucketOutcome::written) ++won;
        return won;
    }
    void race() {
        std::array<int, 3> replaced{};  // rounds by their winners
        for (int round = 0; round < kReplaced; ++round) {
            const std::string text = "round " + std::to_string(round);
            ++replaced.at(winners(put(text + " a", PutCondition::if_match, etag_),
                                  put(text + " b", PutCondition::if_match, etag_)));
            const BucketReply now = ask(request(BucketVerb::get));
            if (!now.etag.empty()) etag_ = now.etag;
        }
        raced("two PUTs at once, If-Match", replaced);
        // S3Mock: both win in a third of the rounds, and replacing in one of twenty.
        std::array<int, 3> created{};
        for (int round = 0; round < kCreated; ++round) {
            SendBucket first = put("a", PutCondition::if_none_match);
            SendBucket second = put("b", PutCondition::if_none_match);
            SendBucket away = request(BucketVerb::remove);
            first.key = second.key = away.key = ObjectKey(key_.str() + "-new");
            ++created.at(winners(first, second));
            if (classify(BucketVerb::remove, ask(away)) != BucketOutcome::removed) break;
        }
        raced("two PUTs at once, If-None-Match", created);
    }
    void raced(const std::string& what, const std::array<int, 3>& rounds) {
        const auto& [none, one, both] = rounds;
        const std::string all = std::to_string(none + one + both) + " rounds";
        if (both > 0)
            found(what, "both stored in " + std::to_string(both) + " of " + all,
                  "set --preconditions notAtomic");
        else if (none == 0)
            found(what, "one won, in " + all);
        else
            found(what, one == 0 ? "not seen" : "one won, in " + std::to_string(one) + " of " + all,
                  "in " + std::to_string(none) + " the store refused both, which shows nothing");
    }
    /// Half a body, another write, the rest: is the condition looked at when the object is stored?
    void stalled() {
        SendBucket slow = put(std::string(1000, 's'), PutCondition::if_match, etag_);
        slow.stalled = true;
        bucket_.send(slow);
        bucket_.pass(200ms);
        const bool early = bucket_.answered(slow.request);  // a client that holds nothing back
        const BucketReply fast = ask(put("fast", PutCondition::if_match, etag_));
        bucket_.resume(slow.request);
        const BucketReply late = bucket_.wait(slow.request);
        const bool other = classify(BucketVerb::put, fast) == BucketOutcome::written;
        const bool both = other && classify(BucketVerb::put, late) == BucketOutcome::written;
        const BucketReply now = ask(request(BucketVerb::get));
        if (!now.etag.empty()) etag_ = now.etag;
        if (early) return;
        const std::string what = "a PUT that stalls while another wins";
        if (both)
            found(what, "stored over it: its condition is looked at before its body is read",
                  "set --preconditions notAtomic");
        else
            found(what,
                  other ? "refused"
                        : "not seen: the other one was answered " + std::to_string(fast.status));
    }
    void conditional_delete() {
        SendBucket wrong = request(BucketVerb::remove);
        wrong.etag = kNoSuch;
        const BucketReply reply = ask(wrong);
        const BucketOutcome outcome = classify(BucketVerb::remove, reply);
        if (outcome == BucketOutcome::precondition_failed)
            found("If-Match on DELETE", "honoured");
        else
            found("If-Match on DELETE",
                  outcome == BucketOutcome::removed ? "ignored" : words(reply),
                  "removed keys leave a small tombstone for good");
    }
    void clean_up() {
        const BucketReply reply = ask(request(BucketVerb::remove));
        const bool gone = classify(BucketVerb::remove, reply) == BucketOutcome::removed;
        found("DELETE", gone ? "works" : words(reply),
              gone ? "" : "removals become tombstones; " + key_.str() + " stays");
    }

    const AgentConfig& config_;
    BucketSession bucket_;
    BucketType type_;
    ObjectKey key_;
    ETag etag_;  ///< of the object, as known
    std::vector<BucketFinding> findings_;
};

}  // namespace

std::vector<BucketFinding> check_bucket(const AgentConfig& config) {
    return Check(config).run();
}

std::string table_of(const std::vector<BucketFinding>& findings) {
    std::size_t widest = 0;
    for (const BucketFinding& finding : findings)
        widest = std::max(widest, finding.what.size());
    std::string text;
    for (const BucketFinding& finding : findings) {
        std::string what = finding.what;
        what.resize(widest, ' ');
        text += (finding.usable ? "  " : "! ") + what + "  " + finding.found;
        if (!finding.advice.empty()) text += " -> " + finding.advice;
        text += "\n";
    }
    return text;
}

}  // namespace leasehold::agent
