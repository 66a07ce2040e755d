// Line: what electors of one thread have in common. One request at a time, and what the user was
// told.
#pragma once

#include <optional>
#include <string>

#include "model/base/marks.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::sim {

/// MicroTime: whole microseconds.
[[nodiscard]] WallTime micro_time(WallTime time);

class Line {
  public:
    /// `timeout` is that of the HTTP client. One that waits longer than a connection is silent
    /// (`patient`) gets its answer when the network heals: what was lost is sent again, as TCP
    /// does.
    Line(std::string identity, Duration timeout, bool patient);

    /// Asks for the Lease.
    void get(Now now, Effects& out);
    /// Writes `record` over `base`, whose annotations stay; without a base it creates the Lease.
    void put(Now now, const LeasePtr& base, LeaseRecord record, Effects& out);
    /// The reply if `event` answers what is waited for; null otherwise.
    const LeaseReply* answered(Now now, const Event& event, Effects& out);
    /// Nobody waits for the answer any more.
    void drop() { waiting_ = false; }
    [[nodiscard]] bool waiting() const { return waiting_; }
    /// When the request that is waited for, or the last one, was sent first.
    [[nodiscard]] Now asked() const { return asked_; }

    /// The user is told that it leads, until `until` at most (kNever: until it is told otherwise).
    void lead(Term term, Instant until, Effects& out);
    /// The user is told that it leads no more.
    void follow(Now now, Effects& out);
    /// The process ends; nothing is sent behind this.
    void stop(Now now, Effects& out);
    [[nodiscard]] bool leads() const { return leads_; }
    [[nodiscard]] Instant leads_until() const { return until_; }
    [[nodiscard]] bool stopped() const { return stopped_; }

    /// A record of this elector, acquired and renewed now.
    [[nodiscard]] LeaseRecord own(Now now, Duration lease) const;
    [[nodiscard]] const std::string& identity() const { return identity_; }
    [[nodiscard]] bool holds(const LeaseRecord& record) const { return record.holder == identity_; }
    /// One line for people.
    [[nodiscard]] std::string summary(const char* library) const;

  private:
    void send(Now now, Effects& out);

    std::string identity_;
    Duration timeout_;
    bool patient_;
    SendLease request_;
    Now asked_;
    bool waiting_ = false;
    bool leads_ = false;
    bool stopped_ = false;
    Term term_;
    Instant until_ = kNever;
};

/// The mark of a take of what `record` says.
[[nodiscard]] MarkId gain_of(const LeaseRecord& record);

}  // namespace leasehold::sim
