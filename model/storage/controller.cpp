// Events, time and roles: the frame in which the machines of the storage run.
#include "model/storage/controller.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/arrows.hpp"

namespace leasehold {

using namespace storage;

RWStorageController::RWStorageController(const StorageConfig& config) : state_(config) {
    // A follower answers queries from its files; without them it could only read through.
    CHECK_MSG(config.file_store || !config.ha, "high availability needs the local file store");
    // A period or a first wait of zero would be a machine that is always due: a driver would
    // spin.
    CHECK_MSG(config.poll_period > Duration{0} && config.retry_min > Duration{0} &&
                  config.retry_max >= config.retry_min,
              "the polling period and the back-off must be positive");
    CHECK_MSG(config.leader_reads_max > 0 && config.pass_gets_max > 0 && config.puts_max > 0 &&
                  config.uploads_max > 0,
              "the limits of requests in flight must be positive");
    state_.life.writer = hash_text(config.identity);
}

void RWStorageController::step(Now now, const Event& event, Effects& out) {
    Life& life = state_.life;
    CHECK_MSG(now.monotonic >= life.settled_at || !life.started, "the monotonic clock went back");
    // Deadlines are measured against this one: between steps no machine has a clock.
    life.settled_at = now.monotonic;
    Step step{state_, now.monotonic, out};
    // Calls that `now` has ended end before the event is looked at: an answer that comes with
    // the deadline finds the call gone, whether the Timer or the answer is delivered first.
    settle(step);
    std::visit(
        [&](const auto& one) {
            // Lease answers and watch events are the elector's: here they only let time pass.
            if constexpr (requires { storage::on(step, one); }) storage::on(step, one);
        },
        event);
    finish(step);
}

void RWStorageController::lead(Now now, const Leadership& leadership, Effects& out) {
    Life& life = state_.life;
    life.settled_at = std::max(life.settled_at, now.monotonic);
    // Nothing follows a stop: every call was answered, and what comes later finds nobody.
    if (std::holds_alternative<Ended>(state_.role)) return;
    Step step{state_, now.monotonic, out};
    // What ended before the change of role ended under the old one; what is sent leaves only under
    // the new one: a process that woke with an expired lease must not send for the old.
    settle(step);
    Leading* leader = state_.leading();
    if (leadership.role == leasehold::Role::leader) {
        // One term is one leadership, and a renewal only moves its gate. Another term is another
        // leadership even if no step of following lay between: claim, queue and verdict are of the
        // one that ended, and another replica may have written since.
        if (leader != nullptr && leader->tenure.term == leadership.term) {
            leader->tenure.valid_until = leadership.valid_until;
            leader->tenure.renewed_sent = leadership.renewed_sent;
        } else {
            become_leader(step, leadership);
        }
    } else if (leadership.role == leasehold::Role::stopped) {
        become_ended(step);
    } else if (leader != nullptr) {
        become_follower(step);
    }
    finish(step);
}

void RWStorageController::finish(Step& step) {
    proceed(step);
    const Leading* leader = state_.leading();
    const Wishes& wishes = state_.life.wishes;
    // A wish left over would make the next leadership give way for the last one's reasons.
    CHECK_MSG(leader != nullptr || !(wishes.renewal || wishes.give_up),
              "a follower wants something of the Lease");
}

// The least of what each machine says; a portion of long work is due at once.
Instant RWStorageController::next_deadline() const {
    const Sight sight = state_.sight(state_.life.settled_at);
    Instant next = state_.calls.next_deadline();
    const auto sooner = [&next](Instant at) { next = std::min(next, at); };
    if (state_.catalog.loading()) sooner(sight.now);
    if (!state_.life.stopping) sooner(state_.catalog.next_retry());
    if (const Leading* leader = state_.leading(); leader != nullptr) {
        // No timers that could be stale: each machine says anew, from what it is now, when it is
        // due next.
        sooner(leader->claim.next_deadline());
        sooner(leader->writer.next_deadline());
        sooner(leader->reads.next_deadline());
        sooner(leader->reconciler.next_deadline(sight));
        sooner(leader->graves.next_deadline(sight));
        sooner(leader->health.next_deadline());
        sooner(leader->probe.next_deadline(sight));
        // A stop that waits for nothing but time must be woken by time: no answer will come.
        const Instant landing = state_.landing_until(sight.now);
        const bool only_time = state_.life.stopping && state_.requests.changes() == 0;
        if (only_time && landing > sight.now) sooner(landing);
    } else if (const Following* follower = state_.following(); follower != nullptr) {
        sooner(follower->poller.next_deadline(sight));
        sooner(follower->fetches.next_deadline(sight));
        if (follower->unlisted) sooner(sight.now);
    }
    return next;
}

bool RWStorageController::permit(Instant now, RequestId request) const {
    if (!state_.config.ha) return true;
    const Flight* flight = state_.requests.find(request);
    if (flight == nullptr ||
        (flight->verb != BucketVerb::put && flight->verb != BucketVerb::remove))
        return true;
    // Nobody would learn what became of it: what has not left by now stays here.
    if (std::holds_alternative<GivenUp>(flight->owner)) return false;
    const Leading* leader = state_.leading();
    // Asked as the request leaves, which may be long after it was made: a process that was
    // paused between the step and the wire must not send what its gate no longer covers.
    if (leader == nullptr || now >= leader->tenure.valid_until) return false;
    // With working preconditions an attempt must start inside validity: one that arrives later
    // meets a newer ETag. Without them nothing stops it there, so it has to fit wholly; so has a
    // purge everywhere, for a late DELETE may take a newer object with it.
    const bool fenced = leader->probe.verdict().fences() && flight->conditional &&
                        !std::holds_alternative<Purge>(flight->owner);
    return fenced || saturating_add(now, flight->timeout) <= leader->tenure.valid_until;
}

bool RWStorageController::take_renewal_wish() {
    return std::exchange(state_.life.wishes.renewal, false);
}
bool RWStorageController::take_give_up_wish() {
    return std::exchange(state_.life.wishes.give_up, false);
}

bool RWStorageController::drained() const {
    if (!state_.life.stopping) return false;
    const Leading* leader = state_.leading();
    if (leader == nullptr) return true;
    // Puts given up count until they are answered: the Lease is not released over one that may
    // land.
    const Instant now = state_.life.settled_at;
    return leader->writer.idle() && state_.requests.changes() == 0 &&
           state_.landing_until(now) <= now;
}

Instant RWStorageController::landing_until(Now now) const {
    return state_.landing_until(now.monotonic);
}

std::uint32_t RWStorageController::given_up() const {
    return state_.life.patience.given_up();
}

std::vector<IndexEntry> RWStorageController::index(std::string_view prefix) const {
    return state_.catalog.index(prefix);
}

StorageStatus RWStorageController::status() const {
    constexpr std::size_t kPage = 1000;
    StorageStatus status;
    status.keys = state_.catalog.size();
    std::size_t objects = 0;
    for (std::uint32_t i = 0; i < state_.catalog.size(); ++i) {
        const Entry& known = state_.catalog.at(KeyId{i});
        objects += known.view.etag.empty() ? 0U : 1U;
        status.tombstones += known.buried() ? 1U : 0U;
    }
    status.tombstone_bytes = status.tombstones * kHeaderSize;
    // Tombstones are objects to a LIST: where nobody purges, this is what removals cost for
    // ever.
    status.list_pages = (objects + kPage - 1) / kPage;
    if (const Leading* leader = state_.leading(); leader != nullptr) {
        status.epoch = leader->claim.epoch().value_or(Epoch{});
        status.store = leader->probe.verdict();
        status.writes_waiting = leader->writer.size();
        status.puts_in_flight = leader->writer.in_flight();
    }
    return status;
}

std::string RWStorageController::summary() const {
    std::string text = "storage: ";
    if (const Leading* leader = state_.leading(); leader != nullptr) {
        const auto epoch = leader->claim.epoch();
        text += epoch ? "leading, epoch " + std::to_string(epoch->value())
                      : std::string("leading, epoch not claimed yet");
        text += ", " + std::to_string(leader->writer.size()) + " writes waiting, " +
                std::to_string(leader->writer.in_flight()) + " in flight";
    } else if (const Following* follower = state_.following(); follower != nullptr) {
        text += follower->poller.busy() ? "following, polling" : "following";
        if (follower->fetches.size() > 0)
            text += ", " + std::to_string(follower->fetches.size()) + " objects to fetch";
    } else {
        text += std::holds_alternative<Idle>(state_.role) ? "not started" : "stopped";
    }
    return text + ", " + std::to_string(state_.calls.count(CallKind::read)) + " reads and " +
           std::to_string(state_.calls.count(CallKind::query)) + " queries open, " +
           std::to_string(state_.catalog.size()) + " keys" +
           (state_.life.stopping ? ", stopping" : "");
}

}  // namespace leasehold
