// Random sequences for the bucket: few keys, few contents, so that most operations meet what
// another client has just done.
#include <algorithm>
#include <array>
#include <string>

#include "model/base/random.hpp"
#include "tests/conformance/cases.hpp"

namespace leasehold::conformance {
namespace {

constexpr std::size_t kRounds = 32;
// Two plain ones, two in a folder, one that needs escaping, and one that is above others.
constexpr std::array<const char*, 8> kKeys{
    "a", "b", "c/1", "c/2", "\xc3\xa9 +%&=", "n", "n/1", "n/1/2"};
constexpr std::array<const char*, 6> kPrefixes{"", "", "c/", "n", "n/", "a"};

class Generator {
  public:
    Generator(std::uint64_t seed, std::uint32_t clients) : random_(seed), clients_(clients) {}

    Sequence<BucketOp> run() {
        while (sequence_.size() < kRounds) {
            if (clients_ > 1 && random_.below(100) < 25)
                at_once();
            else
                sequence_.push_back({one(client(), true)});
        }
        return std::move(sequence_);
    }

  private:
    std::uint32_t client() { return static_cast<std::uint32_t>(random_.below(clients_)); }
    template <class T, std::size_t N>
    T pick(const std::array<T, N>& from) {
        return from.at(random_.below(N));
    }
    // Half of the traffic is on one key.
    std::string key() { return random_.below(2) == 0 ? hot_ : pick(kKeys); }

    BucketOp put(BucketOp op) {
        op.verb = BucketVerb::put;
        constexpr std::array kConditions{PutCondition::none, PutCondition::if_match,
                                         PutCondition::if_match, PutCondition::if_none_match};
        constexpr std::array kTags{TagFrom::seen, TagFrom::seen, TagFrom::seen, TagFrom::older,
                                   TagFrom::wrong};
        constexpr std::array kForms{BodyForm::fenced, BodyForm::fenced, BodyForm::fenced,
                                    BodyForm::tagged, BodyForm::plain,  BodyForm::empty};
        op.condition = pick(kConditions);
        if (op.condition == PutCondition::if_match) op.tag = pick(kTags);
        op.form = pick(kForms);
        op.content = static_cast<std::uint32_t>(random_.below(5));
        return op;
    }

    BucketOp one(std::uint32_t client, bool may_list) {
        BucketOp op;
        op.client = client;
        op.key = key();
        const std::uint64_t dice = random_.below(100);
        constexpr std::array kTags{TagFrom::none, TagFrom::none, TagFrom::seen, TagFrom::older,
                                   TagFrom::wrong};
        if (dice < 45) return put(op);
        if (dice < 57) {
            op.verb = BucketVerb::remove;
            op.tag = pick(kTags);
        } else if (dice < 75 && may_list) {
            op.verb = BucketVerb::list;
            op.prefix = pick(kPrefixes);
            if (random_.below(2) == 0) op.key.clear();
        } else {
            op.verb = BucketVerb::get;
            op.tag = pick(kTags);
        }
        return op;
    }

    static bool changes(const BucketOp& op) {
        return op.verb == BucketVerb::put || op.verb == BucketVerb::remove;
    }
    static bool folder_of(const std::string& key, const std::string& other) {
        return other.starts_with(key + "/");
    }

    /// Different clients at once. Of two keys of which one is a folder of the other at most one is
    /// changed: MinIO keeps objects as folders, and a PUT of "n/1" while "n/1/2" is being deleted
    /// is now and then refused with a 400 of its own. One LIST among them at most (a page of a real
    /// store is no snapshot, and two could contradict each other), and a look at each key that was
    /// met.
    void at_once() {
        const std::size_t count = 2 + random_.below(std::min<std::uint64_t>(clients_, 4) - 1);
        const std::uint32_t first = client();
        Round<BucketOp> round;
        bool listed = false;
        for (std::size_t i = 0; i < count; ++i) {
            const auto who = static_cast<std::uint32_t>((first + i) % clients_);
            BucketOp op = one(who, !listed);
            if (changes(op) &&
                std::any_of(round.begin(), round.end(), [&op](const BucketOp& other) {
                    return changes(other) &&
                           (folder_of(op.key, other.key) || folder_of(other.key, op.key));
                })) {
                op = BucketOp{};
                op.client = who;
                op.key = key();
            }
            round.push_back(op);
            listed = listed || round.back().verb == BucketVerb::list;
        }
        sequence_.push_back(round);
        std::vector<std::string> met;
        for (const BucketOp& op : round)
            if (changes(op)) met.push_back(op.key);
        std::sort(met.begin(), met.end());
        met.erase(std::unique(met.begin(), met.end()), met.end());
        for (const std::string& key : met) {
            BucketOp look;
            look.client = first;
            look.key = key;
            sequence_.push_back({look});
        }
    }

    Random random_;
    std::uint32_t clients_;
    Sequence<BucketOp> sequence_;
    std::string hot_ = pick(kKeys);
};

}  // namespace

Sequence<BucketOp> random_bucket_sequence(std::uint64_t seed, std::uint64_t number,
                                          std::uint32_t clients) {
    return Generator(mix64(mix64(seed ^ 0xb0c4e7) ^ (number + 1)), clients).run();
}

}  // namespace leasehold::conformance
