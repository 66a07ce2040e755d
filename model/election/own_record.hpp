// OwnRecord: what this process knows of its own writes of the Lease.
//
// A write may be applied late, or twice, or never be answered. So the question is never "was it
// answered?" but "is this record one of mine, and what may it prove?".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::election {

/// Why a write was sent.
enum class WriteKind : std::uint8_t {
    take_free,     ///< PUT on an empty holder that was released
    take_expired,  ///< PUT at the expiry of another's record, the proof of it
    take_own,      ///< PUT on an own record whose gate has closed
    take_created,  ///< PUT on a record that this process created, after the full wait
    take_ended,    ///< PUT on the record of a holder whose container has ended
    take_blanked,  ///< PUT on the own record that somebody emptied while its gate was open
    create,        ///< POST by a follower: no proof of anything
    recreate,      ///< POST by a leader with an open gate
    renew,
    release
};

/// What a write may do once it is known to be the present record.
enum class Standing : std::uint8_t {
    opens,    ///< conditional PUT of the present role: opens or extends the gate
    extends,  ///< POST of a leader with an open gate: extends it, and is proof only then
    ours,     ///< conditional PUT from before a loss: nobody else leads, but it opens nothing
    created,  ///< POST without an open gate: no proof, the full wait is still to come
    release   ///< ends a leadership
};

/// Is a record a write of this process?
enum class Claim : std::uint8_t {
    none,
    unproven,  ///< it is, but somebody else's gate may be open
    proven     ///< it is, and was free to take when it was sent
};

/// A write of this process that is the present record or may still become it.
struct OwnWrite {
    std::uint64_t nonce = 0;
    WallTime renew_time;
    Instant sent_at{};
    WriteKind kind = WriteKind::renew;
    Version precondition;  ///< PUT only
    Standing standing = Standing::opens;

    [[nodiscard]] bool posted() const {
        return kind == WriteKind::create || kind == WriteKind::recreate;
    }
    /// May it still open or extend a gate?
    [[nodiscard]] bool counts() const {
        return standing == Standing::opens || standing == Standing::extends;
    }
    friend bool operator==(const OwnWrite&, const OwnWrite&) = default;
};

class OwnRecord {
  public:
    explicit OwnRecord(std::string identity) : identity_(std::move(identity)) {}

    // ---- the newest write: what became of it

    /// A write leaves. `present` is the nonce of the record that it goes over.
    void sent(const OwnWrite& write, std::uint64_t present);
    /// It may have been applied, or may yet be: nothing is written before an authoritative look.
    void unknown() { newest_ = Newest::unknown; }
    /// It met another version than `at`: what is there now must be looked at.
    void refused(Version at);
    /// It was not applied, says its answer. That is believed unless it is the record `present`.
    void not_applied(std::uint64_t nonce, std::uint64_t present);
    /// An authoritative answer has shown what is there.
    void looked();
    /// Does `shown`, which is known now and bears `nonce`, explain the refusal, as that of somebody
    /// else? Then the next write may leave.
    [[nodiscard]] bool explained_by(Version shown, std::uint64_t nonce);
    [[nodiscard]] bool must_look() const {
        return newest_ == Newest::unknown || newest_ == Newest::refused;
    }
    /// May a PUT of unknown outcome have made this process the holder?
    [[nodiscard]] bool may_have_taken() const;

    // ---- all of them: whose record is it

    /// The write that made this record, or null. Identity alone proves nothing (two processes may
    /// share one), nor does the nonce (foreign electors keep annotations when they take over).
    [[nodiscard]] const OwnWrite* made(const LeaseRecord& record) const;
    [[nodiscard]] Claim claim(const LeaseRecord& record) const;
    /// Is it a release of this process?
    [[nodiscard]] bool released(const LeaseRecord& record) const;
    /// Nothing sent up to now may open or extend a gate any more.
    void close();
    /// The write `nonce` opens nothing any more: its validity has passed.
    void outlived(std::uint64_t nonce);
    /// The write `nonce`, a creation, has extended an open gate and so is proof.
    void proved(std::uint64_t nonce);
    /// The Lease is missing, and a PUT names the uid that is gone; a POST may still be applied.
    void lease_missing();
    /// Forgets what neither is the record `present` (a nonce) nor can become it at `known`.
    void prune(std::uint64_t present, Version known);
    void forget() { *this = OwnRecord(identity_, last_renew_time_); }

    /// A renewTime, at `wall` or `step` after the last one, that no write of ours has had.
    [[nodiscard]] WallTime next_renew_time(WallTime wall, Duration step);

    /// Shows what still matters (StateVisitor); `validity` of a write from its send, `step` as of
    /// next_renew_time().
    template <class Visitor>
    void visit(Visitor& visitor, Duration validity, Duration step) const {
        visitor.name(identity_);
        visitor.value(static_cast<std::int64_t>(writes_.size()));
        for (const OwnWrite& write : writes_) {
            visitor.name(write.nonce);
            visitor.name(write.nonce, write.renew_time);
            visitor.value(static_cast<std::int64_t>(write.standing));
            visitor.value(write.posted());
            if (!write.posted()) visitor.version(write.precondition);
            // The others open nothing, however young they are.
            if (write.counts()) visitor.since(write.sent_at, validity);
            if (write.counts()) visitor.value(static_cast<std::int64_t>(write.kind));
        }
        visitor.value(static_cast<std::int64_t>(newest_));
        if (newest_ == Newest::refused || newest_ == Newest::unexplained)
            visitor.version(refused_at_);
        // Every wall clock from there on gives the time itself.
        if (last_renew_time_) visitor.until(*last_renew_time_ + step);
    }

    friend bool operator==(const OwnRecord&, const OwnRecord&) = default;

  private:
    /// What is known of the newest write.
    enum class Newest : std::uint8_t {
        settled,
        unknown,
        refused,      ///< and not yet looked why
        unexplained,  ///< looked, and nothing newer was there
    };
    OwnRecord(std::string identity, std::optional<WallTime> last)
        : identity_(std::move(identity)), last_renew_time_(last) {}
    OwnWrite* find(std::uint64_t nonce);

    std::string identity_;
    std::vector<OwnWrite> writes_;  ///< few, newest last
    std::optional<WallTime> last_renew_time_;
    Newest newest_ = Newest::settled;
    Version refused_at_;
};

}  // namespace leasehold::election
