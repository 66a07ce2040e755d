// LeaseView: what this process knows of the Lease, and from when on it may take it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/base/time.hpp"
#include "model/election/busy_until.hpp"
#include "model/election/config.hpp"
#include "model/election/own_record.hpp"
#include "model/election/release_trust.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::election {

/// The newest record seen, or since when the Lease is missing. Versions only grow, except by
/// restore().
class LeaseView {
  public:
    /// How a record came to be known.
    enum class Source : std::uint8_t {
        answer,  ///< of a GET or a write: others may have come and gone before it
        watch    ///< the very next change after the last one
    };
    /// What a record was, beside the one known.
    enum class Sight : std::uint8_t { unchanged, edited, changed };

    /// Keeps what it needs of `config`, which has no problems().
    explicit LeaseView(const ElectorConfig& config);

    /// Takes in a record that is not older than what is known (CHECK). `mine`: is it a write of
    /// this process?
    Sight see(Instant now, const LeasePtr& lease, Source source, Claim mine);
    /// An authoritative answer says that there is no such Lease.
    void miss(Instant now);
    /// An authoritative answer is older than what was known: the cluster was set back.
    void restore(Instant now, const LeasePtr& lease);
    /// The container of the present record's holder has ended: the record is free, as far as that
    /// holder is concerned. Returns when it would have been without that. CHECKs that it names one
    /// and is waited out so far.
    Instant holder_ended();
    /// The present record, a creation of this process, has turned out to be proof.
    void prove();

    /// The newest version seen; 0 = none yet.
    [[nodiscard]] Version known() const { return known_; }
    /// The present Lease; null before the first look and while it is missing.
    [[nodiscard]] const LeasePtr& lease() const { return lease_; }
    /// Of the present record; 0 if there is none, or it has none.
    [[nodiscard]] std::uint64_t nonce() const { return lease_ ? lease_->record.nonce : 0; }
    /// The first absence since the Lease was last seen.
    [[nodiscard]] std::optional<Instant> absent_since() const { return absent_since_; }
    /// When the present record (not its version) was first seen.
    [[nodiscard]] Instant since() const { return since_; }
    [[nodiscard]] bool held() const { return lease_ && !lease_->record.holder.empty(); }
    /// The container of the present record's holder, if that may count; null otherwise. It lives as
    /// long as the record.
    [[nodiscard]] const Container* container() const {
        return names_holder_ ? &lease_->record.container : nullptr;
    }
    /// With what write the present record may be taken, and from when on.
    [[nodiscard]] WriteKind way() const { return way_; }
    [[nodiscard]] Instant free_at() const { return std::max(since_, busy_.until()); }
    /// Whole seconds for a created record to say: as long as anybody's gate may be open.
    [[nodiscard]] std::int32_t bound_seconds(Instant now) const;
    /// Does the record bind longer than any lease may? Then it is damage.
    [[nodiscard]] bool too_long(const LeaseRecord& record) const;

    /// Shows what still matters (StateVisitor), since() apart; `absence`: how long ago a Lease may
    /// have been missed first and be asked about. `apart`: may one holder be gone, and not all?
    template <class Visitor>
    void visit(Visitor& visitor, Duration absence, bool apart) const {
        visitor.version(known_);
        visitor.lease(lease_);
        visitor.value(absent_since_.has_value());
        if (absent_since_) visitor.since(*absent_since_, absence);
        visitor.value(static_cast<std::int64_t>(way_));
        busy_.visit(visitor, apart);
        visitor.value(names_holder_);
        trust_.visit(visitor);
    }

    friend bool operator==(const LeaseView& a, const LeaseView& b);

  private:
    void weigh(Instant now, ReleaseTrust::Proof proof, Claim mine, const LeasePtr& before);
    [[nodiscard]] Duration span(const LeaseRecord& record) const;

    /// What the configuration says of durations.
    struct Bounds {
        Duration members, longest;
        std::int64_t drift_ppm;
        friend bool operator==(const Bounds&, const Bounds&) = default;
    };

    Bounds bounds_;
    Version known_;
    LeasePtr lease_;
    Instant since_{};
    std::optional<Instant> absent_since_;
    WriteKind way_ = WriteKind::take_expired;
    bool names_holder_ = false;  ///< by its writer, and not in a replay
    BusyUntil busy_;
    ReleaseTrust trust_;
};

}  // namespace leasehold::election
