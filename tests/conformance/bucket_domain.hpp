// The bucket's side of a Play: symbolic operations, what a client remembers, what must agree.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/bucket_server.hpp"
#include "tests/conformance/play.hpp"
#include "tests/conformance/relation.hpp"
#include "tests/conformance/sim_bucket.hpp"

namespace leasehold::conformance {

/// Which ETag an operation carries.
enum class TagFrom : std::uint8_t { none, seen, older, wrong };
enum class BodyForm : std::uint8_t {
    fenced,  ///< header and payload
    tagged,  ///< payload, stamp in the metadata
    plain,   ///< payload alone
    empty    ///< no bytes at all
};

struct BucketOp {
    std::uint32_t client = 0;
    BucketVerb verb = BucketVerb::get;
    PutCondition condition = PutCondition::none;
    std::string key;     ///< list: start after
    std::string prefix;  ///< list
    TagFrom tag = TagFrom::none;
    BodyForm form = BodyForm::fenced;
    std::uint32_t content = 0;  ///< equal numbers and forms are equal bytes
    std::uint32_t size = 5;     ///< of the payload, unless its form is empty
    std::uint32_t fill = 1;     ///< put: so many keys, numbered after `key`
    std::int32_t expect = 0;    ///< status that a scripted case states; 0 = none
};

struct BucketDomain {
    using Op = BucketOp;
    using Call = BucketCall;
    using Answer = BucketReply;
    using Subject = BucketServer;
    using Simulated = SimBucket;
    /// Of one client and key: the ETag last seen, and another one before it.
    struct Seen {
        ETag last;
        ETag older;
    };
    using Memory = std::map<std::pair<std::uint32_t, std::string>, Seen>;
    struct Relations {
        NameRelation tags;
    };

    explicit BucketDomain(const sim::BucketSpec& spec) : spec_(spec) {}

    [[nodiscard]] SimBucket simulated() const { return SimBucket(spec_); }
    [[nodiscard]] BucketCall build(const BucketOp& op, const Memory& memory,
                                   const BucketServer& server) const;
    /// What the clients remember of a round's answers.
    void learn(Memory& memory, const Round<BucketOp>& round, const std::vector<BucketCall>& calls,
               const std::vector<BucketReply>& replies) const;
    /// What differs, or nothing.
    [[nodiscard]] std::optional<std::string> compare(Relations& relations,
                                                     const BucketReply& simulated,
                                                     const BucketReply& real,
                                                     const BucketServer& server) const;
    /// Equal for states that nothing to come can tell apart, given the same answers so far.
    [[nodiscard]] std::string fingerprint(const SimBucket& server,
                                          const Relations& relations) const;
    [[nodiscard]] std::int32_t status(const BucketReply& reply) const { return reply.status; }
    [[nodiscard]] bool succeeds(const BucketReply& reply) const { return reply.status < 300; }
    /// No answer came, and it was let pass (see compare).
    [[nodiscard]] bool lost(const BucketReply& reply) const {
        return reply.status == 0 && !reply.not_sent;
    }
    /// The store checks its condition first and acts later, or takes a GET's ETag before its bytes.
    [[nodiscard]] bool two_steps(const BucketCall& call) const;
    [[nodiscard]] BucketCall second_step(const BucketCall& call) const;
    /// The answer of a call whose steps saw these: of a GET, the ETag is the first one's.
    [[nodiscard]] static BucketReply of_both(const BucketCall& call, const BucketReply& first,
                                             BucketReply second);
    /// While `one` is between its steps, `other` waits: puts of one key exclude each other.
    [[nodiscard]] bool locks(const BucketCall& one, const BucketCall& other) const;
    /// An answer that is let pass, and had no effect, because of what was sent at the same time: a
    /// put refused because a removal took the folder away into which it was about to write (stores
    /// whose keys are paths), and whatever fails on a key that is being changed (unsettled ones).
    [[nodiscard]] bool refused_beside(const std::vector<BucketCall>& calls, std::size_t which,
                                      const BucketReply& real) const;
    /// The simulated answer without what an unsettled store may leave out, and did: of a LIST, the
    /// keys that are being changed, of a GET of such a key its metadata.
    [[nodiscard]] BucketReply seen_beside(const std::vector<BucketCall>& calls, std::size_t which,
                                          BucketReply simulated, const BucketReply& real) const;
    [[nodiscard]] std::string text(const BucketOp& op) const;
    [[nodiscard]] std::string text(const BucketReply& reply, const BucketServer& server) const;
    /// Plainer operations to try in its place.
    [[nodiscard]] std::vector<BucketOp> simpler(const BucketOp& op) const;

  private:
    sim::BucketSpec spec_;
};

}  // namespace leasehold::conformance
