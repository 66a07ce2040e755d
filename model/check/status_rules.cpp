#include "model/check/status_rules.hpp"

#include <charconv>
#include <chrono>
#include <string_view>

namespace leasehold::check {

namespace {

using storage::Preconditions;

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

/// An instant of a process's clock as such a line has it: "1130.790s".
std::string seconds(Instant at) {
    const std::int64_t ms = at.time_since_epoch() / std::chrono::milliseconds(1);
    const std::string rest = number(static_cast<std::uint64_t>(ms % 1000));
    return std::to_string(ms / 1000) + "." + std::string(3 - rest.size(), '0') + rest + "s";
}

/// The number that stands before `word` in a line for people; none where it does not say so.
std::optional<std::uint64_t> number_before(std::string_view line, std::string_view word) {
    const std::size_t end = line.find(word);
    if (end == std::string_view::npos) return std::nullopt;
    std::size_t begin = end;
    while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9')
        --begin;
    std::uint64_t value = 0;
    const auto read = std::from_chars(line.data() + begin, line.data() + end, value);
    return read.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

void StatusRules::marked(const ReplicaStepped& step, const ReplicaFacts& self, MarkId mark) {
    const auto present = [&]() -> Station& {
        return part_of(stations_, step.replica) = of(step.replica, self);
    };
    switch (mark) {
        case MarkId::epoch_claimed: {
            Station& own = present();
            // Whatever lands later, an earlier claim or one that it sent meanwhile: this answer is
            // what it goes by.
            if (const auto* answer = std::get_if<BucketAnswered>(step.event))
                own.epoch = bucket_.claimed_as(answer->reply->etag);
            own.raises = false;
            break;
        }
        case MarkId::stale_put_refused:
            present().raises = true;
            break;
        case MarkId::precondition_contradicted:
        case MarkId::version_went_back:
            present().doubts = true;
            break;
        case MarkId::preconditions_honoured:
            present().store.put = Preconditions::honoured;
            break;
        case MarkId::preconditions_ignored:
            present().store.put = Preconditions::ignored;
            break;
        case MarkId::preconditions_refused:
            present().store = {Preconditions::refused, Preconditions::ignored};
            break;
        case MarkId::preconditions_not_atomic:
            present().store.put = Preconditions::not_atomic;
            break;
        case MarkId::conditional_delete_honoured:
            present().store.remove = Preconditions::honoured;
            break;
        case MarkId::conditional_delete_ignored:
            present().store.remove = Preconditions::ignored;
            break;
        default:
            break;
    }
}

StatusRules::Station StatusRules::of(ReplicaIndex index, const ReplicaFacts& self) const {
    if (index < stations_.size() && stations_[index].era == self.era) return stations_[index];
    Station fresh;
    fresh.era = self.era;
    return fresh;
}

std::string StatusRules::of_election(const ReplicaTold& told, const ReplicaFacts& self) {
    const Leadership& said = told.leadership;
    if (said.role != self.role)
        return "that it is " + std::string(word_of(said.role)) + ", and is " +
               std::string(word_of(self.role));
    if (told.gate_open != self.gate_open(told.at))
        return told.gate_open ? "that its write gate is open, which is closed"
                              : "that its write gate is closed, which is open";
    const bool leads = self.role == Role::leader;
    if (leads && (said.term != self.gate.term || said.valid_until != self.gate.valid_until))
        return "another term or end of its write gate than it has";
    if (said.draining != (leads && self.stopping))
        return said.draining ? "that it drains, and was not told to stop while it leads"
                             : "nothing of a stop, which it was told while it leads";
    return {};
}

std::string StatusRules::of_storage(const ReplicaTold& told, const ReplicaFacts& self) const {
    const StorageStatus& said = told.storage;
    const Station own = of(told.replica, self);
    const bool claims = facts_.settings.elects && self.role == Role::leader && own.epoch != Epoch{};
    if (said.epoch == Epoch{} ? claims && !own.raises : !claims)
        return "epoch " + number(said.epoch.value()) +
               (claims ? ", and has claimed one" : ", and has claimed none in this leadership");
    if (said.epoch != Epoch{} && said.epoch != own.epoch)
        return "epoch " + number(said.epoch.value()) + ", and has claimed epoch " +
               number(own.epoch.value());
    const storage::Capabilities found =
        self.role == Role::leader ? own.store : storage::Capabilities{};
    const bool taken_back = found.put == Preconditions::honoured && own.doubts &&
                            said.store.put == Preconditions::not_atomic;
    if ((said.store.put != found.put && !taken_back) || said.store.remove != found.remove)
        return "of the store's conditions what it has not found out in this leadership";
    // A tombstone is an object to a LIST, and so is all that the index names an ETag of.
    if (told.index == nullptr) return {};
    std::size_t objects = said.tombstones;
    for (const IndexEntry& entry : *told.index)
        objects += entry.etag.empty() ? 0U : 1U;
    if (said.list_pages != objects / 1000 + (objects % 1000 > 0 ? 1U : 0U))
        return number(said.list_pages) + " pages of a LIST of " + number(objects) + " objects";
    if (said.keys < told.index->size())
        return number(said.keys) + " keys, and names " + number(told.index->size());
    return {};
}

std::string StatusRules::of_writes(const ReplicaTold& told, const ReplicaFacts& self) const {
    const StorageStatus& said = told.storage;
    // Of several writes of a key only the last may be left; uploads come on top.
    const std::size_t keys = writes_.open_keys(told.replica);
    if (said.writes_waiting < keys)
        return number(said.writes_waiting) + " writes waiting, and has unanswered ones of " +
               number(keys) + " keys";
    if (self.role != Role::leader && said.writes_waiting > 0)
        return number(said.writes_waiting) + " writes waiting, and does not lead";
    const Requests::Open open = requests_.open(told.replica, self.era);
    if (said.puts_in_flight < open.puts || said.puts_in_flight > open.all ||
        said.puts_in_flight > said.writes_waiting)
        return number(said.puts_in_flight) + " of " + number(said.writes_waiting) +
               " writes in flight, with " + number(open.puts) + " PUTs of " + number(open.all) +
               " requests";
    return {};
}

std::string StatusRules::of_line(const ReplicaTold& told, const ReplicaFacts& self) const {
    const std::string_view line = told.summary;
    const bool leads = self.role == Role::leader;
    const Calls::Open calls = calls_.open(told.replica);
    const std::size_t fetches =
        self.role == Role::follower ? requests_.open(told.replica, self.era).gets : 0;
    const auto says = [line](std::string_view word) {
        return line.find(word) != std::string_view::npos;
    };
    const auto counts = [line](std::string_view word, std::uint64_t count) {
        return number_before(line, word) == count;
    };
    bool good = line.starts_with(word_of(self.role));
    good = good && says("draining") == (leads && self.stopping);
    good = good && (!leads || says("term " + number(self.gate.term.value())));
    const bool ends = leads && self.gate.valid_until != kNever;
    good = good && says("gate open until") == ends;
    good = good && (!ends || says("until " + seconds(self.gate.valid_until) + " of"));
    if (facts_.settings.stores) {
        good = good && says("stopping") == self.stopping;
        good = good && counts(" reads and ", calls.reads) && counts(" queries open", calls.queries);
        good = good && counts(" keys", told.storage.keys);
        good = good && says(" writes waiting") == leads;
        good = good && (!leads || (counts(" writes waiting", told.storage.writes_waiting) &&
                                   counts(" in flight", told.storage.puts_in_flight)));
        const bool has_epoch = told.storage.epoch != Epoch{} || !facts_.settings.elects;
        good = good && says("epoch " + number(told.storage.epoch.value())) == (leads && has_epoch);
        // What a pass found and has not got yet: a GET is for one of these.
        const std::uint64_t wanted = number_before(line, " objects to fetch").value_or(0);
        good = good && wanted >= fetches && (wanted > 0) == says(" objects to fetch");
    }
    return good ? std::string{} : "\"" + std::string(line) + "\", which is not so";
}

void StatusRules::told(const ReplicaTold& told) {
    facts_.checked(Id::status_truthful);
    if (!facts_.fresh(Id::status_truthful)) return;
    const ReplicaFacts& self = facts_.replica(told.replica);
    std::string wrong = of_election(told, self);
    if (facts_.settings.stores && wrong.empty()) wrong = of_storage(told, self);
    if (facts_.settings.stores && wrong.empty()) wrong = of_writes(told, self);
    if (wrong.empty()) wrong = of_line(told, self);
    if (wrong.empty()) return;
    facts_.violate(Id::status_truthful, told.at,
                   facts_.name(told.replica) + " was asked for its status at " +
                       check::words(told.at) + " and told " + wrong,
                   {told.number});
}

}  // namespace leasehold::check
