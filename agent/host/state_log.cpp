#include "agent/host/state_log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "model/protocol/stamp.hpp"

namespace leasehold::agent {
namespace {

/// Marks that are changes of state; the others are for metrics and tests.
constexpr std::array kTold{MarkId::holder_ended_believed,
                           MarkId::takeover_after_end,
                           MarkId::writes_await_landing,
                           MarkId::epoch_claimed,
                           MarkId::epoch_raised,
                           MarkId::restored_cluster,
                           MarkId::stale_put_refused,
                           MarkId::reconcile_discarded,
                           MarkId::preconditions_honoured,
                           MarkId::conditional_delete_honoured,
                           MarkId::conditional_delete_ignored,
                           MarkId::drained,
                           MarkId::stop_deadline};

/// Marks that want somebody's attention.
constexpr std::array kAlarms{MarkId::bucket_unusable,
                             MarkId::object_corrupt,
                             MarkId::preconditions_ignored,
                             MarkId::preconditions_refused,
                             MarkId::preconditions_not_atomic,
                             MarkId::precondition_contradicted,
                             MarkId::version_went_back,
                             MarkId::version_not_kept,
                             MarkId::two_groups,
                             MarkId::key_refused};

constexpr Duration kAlarmAgain = std::chrono::hours(1);  ///< of the same key
constexpr std::size_t kMostAlarmed = 256;

template <std::size_t N>
bool contains(const std::array<MarkId, N>& marks, MarkId mark) {
    return std::find(marks.begin(), marks.end(), mark) != marks.end();
}

std::string_view meaning(MarkId mark) {
    // Of two marks that stand beside each other in a list, the second alone says too little.
    if (mark == MarkId::preconditions_ignored)
        return "the bucket ignores conditional writes: only time keeps leaders apart";
    return kMarks[static_cast<std::size_t>(mark)].meaning;
}

/// The request whose answer the event is.
std::optional<RequestId> answered(const Event& event) {
    if (const auto* bucket = std::get_if<BucketAnswered>(&event)) return bucket->request;
    if (const auto* file = std::get_if<FileAnswered>(&event)) return file->request;
    return std::nullopt;
}

/// Who wrote the object that came, as far as an object tells: a hash of the name.
std::string writer_of(const Event& event) {
    const auto* answer = std::get_if<BucketAnswered>(&event);
    if (answer == nullptr) return {};
    const auto* body = std::get_if<ObjectBodyPtr>(&answer->reply->content);
    if (body == nullptr || *body == nullptr) return {};
    const std::optional<Stamp> stamp = stamp_of(**body);
    if (!stamp) return {};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), " (epoch %" PRIu64 ", writer %016" PRIx64 ")",
                  stamp->epoch.value(), stamp->writer);
    return text.data();
}

}  // namespace

void StateLog::stepped(Now now, const Event& event, const Effects& effects) {
    if (const auto* answer = std::get_if<LeaseAnswered>(&event)) {
        if (answer->reply.lease) lease_seen(answer->reply.lease);
    } else if (const auto* watched = std::get_if<LeaseWatched>(&event)) {
        watch_seen(*watched);
    } else if (const auto* bucket = std::get_if<BucketAnswered>(&event)) {
        first_page(*bucket->reply);
        note_trouble(*bucket);
    } else if (const auto* own = std::get_if<OwnContainer>(&event)) {
        spdlog::info("runs in {} of Pod {}", own->container->id, own->container->pod);
    } else if (const auto* end = std::get_if<HolderEnded>(&event)) {
        spdlog::info("{} of Pod {} has ended, says its kubelet", end->container->id,
                     end->container->pod);
    }
    for (const Effect& effect : effects) {
        if (const auto* role = std::get_if<RoleChanged>(&effect)) {
            if (role->role != Role::leader)
                spdlog::info(role->role == Role::stopped ? "stopped" : "follows");
            else if (role->term != Term{})  // without an election it was said at the start
                spdlog::info("leads, term {}", role->term.value());
        } else if (const auto* gate = std::get_if<GateMoved>(&effect)) {
            if (gate->valid_until <= now.monotonic) spdlog::info("write gate closed");
        } else if (const auto* write = std::get_if<WriteDone>(&effect)) {
            if (write->ack == WriteAck::committed) epoch_ = write->epoch;
        } else if (const auto* bucket = std::get_if<SendBucket>(&effect)) {
            if (bucket->verb != BucketVerb::list)  // of which it is no key that is asked for
                asked_.insert_or_assign(bucket->request, bucket->key);
        } else if (const auto* file = std::get_if<SendFile>(&effect)) {
            asked_.insert_or_assign(file->request, file->key);
        } else if (const auto* mark = std::get_if<Mark>(&effect)) {
            reached(now.monotonic, event, mark->mark);
        }
    }
    if (const auto request = answered(event)) asked_.erase(*request);
}

/// Some stores make a bucket whose name is a slip (SeaweedFS, s3s-fs): nothing else would tell.
void StateLog::first_page(const BucketReply& reply) {
    const auto* page = std::get_if<ListPagePtr>(&reply.content);
    if (listed_ || page == nullptr || *page == nullptr) return;
    listed_ = true;
    if ((*page)->entries.empty())
        spdlog::info(
            "the bucket has no objects below this prefix: a new one, if its name is right");
}

/// Of one of the backups' keys; that of `.ha/` is what shows that others are taken.
void StateLog::note_trouble(const BucketAnswered& answer) {
    const auto asked = asked_.find(answer.request);
    if (asked == asked_.end() || asked->second.view().starts_with(".ha/")) return;
    const std::int32_t status = answer.reply->status;
    const bool ordinary = status == 404 || status == 412;  // a key that is new, a race
    if ((status == 0 || status >= 400) && !ordinary) troubled_ = asked->second;
}

void StateLog::lease_seen(const LeasePtr& lease) {
    seen_ = std::max(seen_, lease->version);
    // Somebody wrote the Lease, and the watch had not told of it: then it was deaf.
    if (silent_ && lease->version > *silent_) {
        silent_.reset();
        if (std::exchange(watch_speaks_, false))
            spdlog::info("the watch of the Lease fell silent; polling instead");
    }
    if (lease->record.holder == holder_) return;
    holder_ = lease->record.holder;
    if (holder_.empty())
        spdlog::info("the Lease is released");
    else
        spdlog::info("the Lease is held by {}", holder_);
}

void StateLog::watch_seen(const LeaseWatched& watched) {
    if (watched.kind == WatchKind::ended) return;
    silent_.reset();
    watch_speaks_ = true;
    if (watched.kind == WatchKind::deleted) spdlog::warn("the Lease was deleted");
    if (watched.lease) lease_seen(watched.lease);
}

/// For the model a watch that told nothing for a while is lost; that is worth a line only if there
/// was something to tell, and once until a watch speaks again.
void StateLog::watch_lost(const Event& event) {
    if (!std::holds_alternative<LeaseWatched>(event)) {
        silent_ = seen_;
    } else if (std::exchange(watch_speaks_, false)) {
        spdlog::info("the watch of the Lease ended; polling instead");
    }
}

void StateLog::reached(Instant now, const Event& event, MarkId mark) {
    if (mark == MarkId::watch_lost) return watch_lost(event);
    if (mark == MarkId::preconditions_honoured) preconditions_ = "honoured";
    if (mark == MarkId::preconditions_ignored) preconditions_ = "ignored";
    if (mark == MarkId::preconditions_refused) preconditions_ = "refused";
    if (mark == MarkId::preconditions_not_atomic) preconditions_ = "notAtomic";
    if (contains(kAlarms, mark)) return alarm(now, event, mark);
    if (contains(kTold, mark)) spdlog::info("{}", meaning(mark));
}

/// Once an hour for each key.
void StateLog::alarm(Instant now, const Event& event, MarkId mark) {
    const auto request = answered(event);
    const auto asked = request ? asked_.find(*request) : asked_.end();
    ObjectKey key = asked == asked_.end() ? ObjectKey() : asked->second;
    if (mark == MarkId::object_corrupt || mark == MarkId::precondition_contradicted)
        troubled_ = key;
    if (mark == MarkId::key_refused) key = troubled_;  // what was answered is the small PUT
    if (alarmed_.size() >= kMostAlarmed) alarmed_.clear();
    const auto [at, first] = alarmed_.try_emplace({mark, key}, now);
    if (!first && now - at->second < kAlarmAgain) return;
    at->second = now;
    const std::string where = key.empty() ? "" : std::string(key.view()) + ": ";
    const std::string who = mark == MarkId::two_groups ? writer_of(event) : "";
    const char* const so =
        mark == MarkId::preconditions_ignored
            ? ": only time keeps an old leader's late write away from a new leader's"
            : "";
    spdlog::warn("{}{}{}{}", where, meaning(mark), who, so);
}

}  // namespace leasehold::agent
