// What was played is written down for the memo: memo.hpp.
#include <algorithm>

#include "sim/explore/memo.hpp"
#include "sim/explore/memo_steps.hpp"

namespace leasehold::explore {

/// Says where each name and version of what follows comes from.
class Memo::Learner {
  public:
    Learner(std::vector<std::uint8_t>& refs, const Shape& first, const Shape* second)
        : refs_(refs), begin_(refs.size()), first_(first), second_(second) {}

    /// False: it comes from neither, and is not new to everyone, so nothing can be learned.
    bool add(const Shape& made, World& before) {
        for (std::size_t i = 0; i < made.names.size(); ++i)
            if (!add_name(made.names[i], before)) return false;
        for (std::size_t i = 0; i < made.versions.size(); ++i)
            if (!add_version(made.versions[i], before)) return false;
        return true;
    }
    [[nodiscard]] std::uint32_t begin() const { return static_cast<std::uint32_t>(begin_); }
    void undo() { refs_.resize(begin_); }

  private:
    template <class Values>
    static std::size_t place(const Values& values, std::uint64_t value) {
        std::size_t i = 0;
        while (i < values.size() && values[i] != value)
            ++i;
        return i;
    }
    bool push(std::size_t ref) {
        refs_.push_back(static_cast<std::uint8_t>(ref));
        return true;
    }
    template <class Pick>
    bool add_known(std::uint64_t value, Pick pick) {
        const std::size_t in_first = place(pick(first_), value);
        if (in_first < pick(first_).size()) return push(in_first);
        if (!second_) return false;
        const std::size_t in_second = place(pick(*second_), value);
        return in_second < pick(*second_).size() && push(kInSecond + in_second);
    }
    bool add_new(std::vector<std::uint64_t>& fresh, std::uint64_t value) {
        const std::size_t at = place(fresh, value);
        if (at == fresh.size()) fresh.push_back(value);
        CHECK(at < kLiteral - kNew);
        return push(kNew + at);
    }
    bool add_name(std::uint64_t name, World& before) {
        if (add_known(
                name, [](const Shape& shape) -> const auto& { return shape.names; }))
            return true;
        if (const std::uint8_t literal = literal_of(name))
            return push(kLiteral + std::size_t{literal} - kFirstLiteral);
        return !before.knows_name(name) && add_new(names_, name);
    }
    bool add_version(std::uint64_t version, World& before) {
        if (add_known(
                version, [](const Shape& shape) -> const auto& { return shape.versions; }))
            return true;
        // A step writes once, so there is one new version.
        return version > before.revision() && (versions_.empty() || versions_[0] == version) &&
               add_new(versions_, version);
    }

    std::vector<std::uint8_t>& refs_;
    std::size_t begin_;
    const Shape& first_;
    const Shape* second_;
    std::vector<std::uint64_t> names_;
    std::vector<std::uint64_t> versions_;
};

namespace {

/// Numbers by value, for two parts that are compared with each other.
struct Numbers {
    std::vector<std::uint8_t> of_first;
    std::vector<std::uint8_t> of_second;
};

Numbers numbers_of(const Shape& first, const Shape& second) {
    Seen<96> names;
    std::vector<std::uint64_t> versions;
    for (const Shape* shape : {&first, &second})
        for (std::size_t i = 0; i < shape->versions.size(); ++i)
            versions.push_back(shape->versions[i]);
    std::sort(versions.begin(), versions.end());
    const auto number = [&](const Shape& shape) {
        std::vector<std::uint8_t> numbers;
        for (std::size_t i = 0; i < shape.names.size(); ++i)
            numbers.push_back(static_cast<std::uint8_t>(names.index_of(shape.names[i]) + 1));
        for (std::size_t i = 0; i < shape.versions.size(); ++i)
            numbers.push_back(static_cast<std::uint8_t>(
                std::lower_bound(versions.begin(), versions.end(), shape.versions[i]) -
                versions.begin()));
        return numbers;
    };
    Numbers numbers;
    numbers.of_first = number(first);
    numbers.of_second = number(second);
    return numbers;
}

std::uint8_t version_slot(const Shape& shape, Version version) {
    for (std::size_t i = 0; i < shape.versions.size(); ++i)
        if (shape.versions[i] == version.value()) return static_cast<std::uint8_t>(i + 1);
    return 0;
}

}  // namespace

/// A step of one part: `left_behind` is the write that it leaves.
void Memo::learn_alone(std::uint8_t step, std::uint8_t replica, World& before, World& after,
                       const Noted& noted) {
    const Key key = key_of(step, parts_.process_of(before, replica), 0, 0);
    if (find(key)) return;
    const Shape& first = before.process_shape(replica);
    Learner learner(refs_, first, nullptr);
    Entry entry;
    entry.first = parts_.process_of(after, replica);
    entry.refs = learner.begin();
    entry.gate_open = noted.gate_open;
    bool known = learner.add(after.process_shape(replica), before) && !noted.dropped_create;
    if (noted.left_behind) {
        const auto last = static_cast<std::uint8_t>(after.landings().size() - 1);
        entry.second = parts_.landing_of(after, last);
        known = known && learner.add(after.landing_shape(last), before);
    }
    if (noted.term) known = known && (entry.term = version_slot(first, *noted.term)) != 0;
    if (noted.put_over)
        known = known && (entry.put_over = version_slot(first, *noted.put_over)) != 0;
    entry.put_lands = noted.put_lands;
    if (noted.stranger)
        known = known && (entry.stranger = version_slot(first, *noted.stranger)) != 0;
    if (known)
        store(key, entry);
    else
        learner.undo();
}

/// A step of a process or a write and the Lease.
void Memo::learn_at_server(const Action& action, World& before, World& after, const Noted& noted) {
    const bool lands = action.what == Happens::land;
    const Shape lease = before.lease_shape();
    const Shape first =
        lands ? before.landing_shape(action.replica) : before.process_shape(action.replica);
    const PartId id = lands ? parts_.landing_of(before, action.replica)
                            : parts_.process_of(before, action.replica);
    const PartId lease_id = parts_.lease_of(before);
    const Numbers numbers = numbers_of(first, lease);
    const Key key =
        key_of(step_of(action), id, lease_id,
               pattern({id, numbers.of_first.data()}, {lease_id, numbers.of_second.data()}));
    if (find(key)) return;
    Learner learner(refs_, first, &lease);
    Entry entry;
    if (!lands) entry.first = parts_.process_of(after, action.replica);
    entry.second = parts_.lease_of(after);
    entry.refs = learner.begin();
    entry.commits = noted.commits;
    entry.takes = noted.takes;
    const bool known = (lands || learner.add(after.process_shape(action.replica), before)) &&
                       (!noted.commits || learner.add(after.lease_shape(), before));
    if (known)
        store(key, entry);
    else
        learner.undo();
}

/// What a process hears of the Lease as it became.
void Memo::learn_told(std::uint8_t replica, World& before, World& after) {
    const PartId id = parts_.process_of(before, replica);
    if (!parts_[id].heeds) return;
    const Shape lease = after.lease_shape();
    const PartId lease_id = parts_.lease_of(after);
    const Shape& first = before.process_shape(replica);
    const Numbers numbers = numbers_of(first, lease);
    const Key key =
        key_of(kTold, id, lease_id,
               pattern({id, numbers.of_first.data()}, {lease_id, numbers.of_second.data()}));
    if (find(key)) return;
    Learner learner(refs_, first, &lease);
    Entry entry;
    entry.first = parts_.process_of(after, replica);
    entry.refs = learner.begin();
    if (learner.add(after.process_shape(replica), before))
        store(key, entry);
    else
        learner.undo();
}

void Memo::learn(World& before, const Action& action, World& after, const Noted& noted) {
    if (action.what == Happens::tick) {
        for (std::uint8_t i = 0; i < space_->replicas; ++i)
            learn_alone(kTick, i, before, after, {});
        return;
    }
    if (action.what == Happens::fault && !concerns_one(action.fault)) return;
    const bool lands = action.what == Happens::land;
    if (action.what != Happens::arrive && !lands)
        return learn_alone(step_of(action), action.replica, before, after, noted);
    learn_at_server(action, before, after, noted);
    if (!noted.commits) return;
    for (std::uint8_t i = 0; i < space_->replicas; ++i)
        if (lands || i != action.replica) learn_told(i, before, after);
}

}  // namespace leasehold::explore
