#include "sim/search/signature.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>
#include <variant>

#include "reports/names.hpp"

namespace leasehold::search {
namespace {

using reports::kNames;
using reports::name_of;

bool allowed(const sim::Scenario& scenario, const std::string& id) {
    return std::ranges::count(scenario.expect.violates, id) > 0 ||
           std::ranges::count(scenario.expect.may_violate, id) > 0;
}

/// Words without what differs from run to run: names and keys in quotes, replicas, numbers.
std::string without_values(std::string_view text) {
    std::string shape;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'') {
            i = std::min(text.find('\'', i + 1), text.size());
            shape += '?';
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            while (
                i + 1 < text.size() &&
                (std::isalnum(static_cast<unsigned char>(text[i + 1])) != 0 || text[i + 1] == '.'))
                ++i;
            shape += '#';
        } else {
            shape += c;
        }
    }
    return shape;
}

std::string event_shape(const Event& event) {
    std::string text(kNames<Event>.at(event.index()));
    if (const auto* answer = std::get_if<LeaseAnswered>(&event))
        return text + " " + std::to_string(answer->reply.status);
    if (const auto* answer = std::get_if<BucketAnswered>(&event))
        return text + " " + (answer->reply ? std::to_string(answer->reply->status) : "?");
    if (const auto* answer = std::get_if<FileAnswered>(&event))
        return text + " " + std::string(name_of(answer->reply.status));
    if (const auto* seen = std::get_if<LeaseWatched>(&event))
        return text + " " + std::string(name_of(seen->kind));
    return text;
}

/// What a caller or the world is told; that more is sent for it says nothing of the bug.
std::string effects_shape(std::span<const Effect> effects) {
    std::string text;
    for (const Effect& effect : effects) {
        std::string one;
        if (const auto* role = std::get_if<RoleChanged>(&effect))
            one = "role " + std::string(name_of(role->role));
        else if (std::holds_alternative<GateMoved>(effect))
            one = "gate";
        else if (const auto* read = std::get_if<ReadDone>(&effect))
            one = "read " + std::string(name_of(read->outcome));
        else if (const auto* write = std::get_if<WriteDone>(&effect))
            one = "write " + std::string(name_of(write->ack));
        else if (const auto* query = std::get_if<QueryDone>(&effect))
            one = "query " + std::string(name_of(query->outcome));
        if (!one.empty() && text.find(one) == std::string::npos) text += " -> " + one;
    }
    return text;
}

/// The shape of the record of one number.
class ShapeReader final : public Observer {
  public:
    explicit ShapeReader(std::uint64_t number) : number_(number) {}

    void on(const ProcessStarted& record) override { note(record, "starts"); }
    void on(const ProcessEnded& record) override {
        note(record, "ends " + std::string(name_of(record.cause)));
    }
    void on(const ClockChanged& record) override { note(record, "clock changes"); }
    void on(const ReplicaStepped& record) override {
        if (record.number == number_)
            shape_ = "step " + event_shape(*record.event) + effects_shape(record.effects);
    }
    void on(const RequestLeft& record) override {
        note(record, std::string(name_of(record.verb)) +
                         (record.permitted ? " leaves" : " is not permitted"));
    }
    void on(const LeaseCommitted& record) override {
        note(record, std::string("Lease ") +
                         (!record.after    ? "deleted"
                          : !record.before ? "created"
                                           : "written") +
                         (record.writer == kNobody ? " by an operator" : ""));
    }
    void on(const ObjectCommitted& record) override {
        note(record,
             std::string(record.key.view().find(".ha/") != std::string_view::npos ? "own object "
                                                                                  : "object ") +
                 (record.etag.empty() ? "removed" : "written") +
                 (record.stamp.tombstone ? " as a tombstone" : "") +
                 (record.writer == kNobody ? " by somebody else" : ""));
    }
    void on(const FaultTookEffect& record) override { note(record, "fault"); }
    void on(const PathChanged& record) override { note(record, "path changes"); }

    [[nodiscard]] const std::string& shape() const { return shape_; }

  private:
    void note(const RecordBase& record, const std::string& shape) {
        if (record.number == number_) shape_ = shape;
    }
    std::uint64_t number_;
    std::string shape_;
};

std::string internal_signature(const check::RunResult& result) {
    return "CHECK: " + without_values(result.internal_error);
}

}  // namespace

const check::Verdict* first_broken(const sim::Scenario& scenario, const check::RunResult& result) {
    const check::Verdict* first = nullptr;
    for (const check::Verdict& verdict : result.verdicts)
        if (verdict.status == check::Status::violated && !allowed(scenario, verdict.id) &&
            (first == nullptr || verdict.at < first->at))
            first = &verdict;
    return first;
}

std::string signature_of(sim::Runner& runner, const sim::Scenario& scenario, std::uint64_t seed,
                         const check::RunResult& result, const sim::MakePeer& make_peer) {
    if (!result.internal_error.empty()) return internal_signature(result);
    const check::Verdict* verdict = first_broken(scenario, result);
    if (verdict == nullptr) return {};
    // What is judged at the end has no step of its own: its words say what is missing.
    if (verdict->evidence.empty() || !runner.fits(scenario))
        return verdict->id + ": " + without_values(verdict->what);
    ShapeReader reader(verdict->evidence.back());
    sim::RunOptions options;
    options.checkers = false;
    options.recorder = &reader;
    options.make_peer = make_peer;
    static_cast<void>(runner.run(scenario, seed, options));
    return verdict->id + ": " + reader.shape();
}

void carry_signature(check::RunResult& result, std::string signature) {
    result.chain.clear();
    if (!signature.empty()) result.chain.push_back({TrueTime{}, "", std::move(signature), 0});
}

std::string carried_signature(const check::RunResult& result) {
    if (!result.chain.empty()) return result.chain.front().text;
    // Of a process that died, or whose player threw, there is nothing else.
    return result.internal_error.empty() ? std::string() : internal_signature(result);
}

std::string_view invariant_of(std::string_view signature) {
    return signature.substr(0, signature.find(": "));
}

}  // namespace leasehold::search
