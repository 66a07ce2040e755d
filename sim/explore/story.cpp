// A schedule, played and told; and judged as any other history by model/check.
#include <algorithm>
#include <string>
#include <utility>

#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "sim/explore/schedule.hpp"

namespace leasehold::explore {

namespace {

check::Settings settings_of(const Space& space) {
    check::Settings settings;
    settings.election = space.election;
    settings.election.identity = "any";
    settings.replicas = space.replicas;
    settings.elects = true;
    settings.api_round_trip = 2 * space.tick;
    settings.timer_grace = space.tick;
    return settings;
}

/// Reads along: what a step did, in words, and its records for the checkers.
class Teller : public Witness {
  public:
    explicit Teller(const Space& space) : checkers_(settings_of(space)) {}

    /// Before the next action.
    void at(TrueTime now) {
        now_ = now;
        words_.clear();
    }
    [[nodiscard]] const std::string& words() const { return words_; }

    void started(std::uint8_t replica, const World& world) {
        ++number_;
        name_ = std::string(1, static_cast<char>('a' + replica));
        identity_ = world.next_identity_of(replica);
        ProcessStarted record;
        record.number = number_;
        record.at = now_;
        record.replica = replica;
        record.name = name_;
        record.identity = identity_;
        record.clock = clock_of(world, replica);
        checkers_.on(record);
    }
    void clock_changed(std::uint8_t replica, const World& world) {
        ClockChanged record;
        record.number = ++number_;
        record.at = now_;
        record.replica = replica;
        record.clock = clock_of(world, replica);
        checkers_.on(record);
    }
    void struck(const Action& action) {
        FaultTookEffect record;
        record.number = ++number_;
        record.at = now_;
        record.what = fault_name(action.fault);
        if (action.fault <= Fault::stop) record.targets.push_back(action.replica);
        checkers_.on(record);
    }
    void stepped(std::uint8_t replica, Now now, const Event& event,
                 const Effects& effects) override {
        for (const Effect& effect : effects) {
            if (std::holds_alternative<GateMoved>(effect) ||
                std::holds_alternative<RoleChanged>(effect) ||
                std::holds_alternative<SendLease>(effect) ||
                std::holds_alternative<Stopped>(effect))
                say(reports::to_text(effect));
        }
        ReplicaStepped record;
        record.number = ++number_;
        record.at = now_;
        record.replica = replica;
        record.now = now;
        record.event = &event;
        record.effects = effects;
        checkers_.on(record);
    }
    void committed(int writer, const LeasePtr& before, const LeasePtr& after) override {
        say(after ? "the Lease becomes " + reports::to_text(*after) : "the Lease is gone");
        LeaseCommitted record;
        record.number = ++number_;
        record.at = now_;
        record.writer = writer == kNoWriter ? kNobody : static_cast<ReplicaIndex>(writer);
        record.before = before;
        record.after = after;
        checkers_.on(record);
    }
    void ended(std::uint8_t replica, EndCause cause) override {
        ProcessEnded record;
        record.number = ++number_;
        record.at = now_;
        record.replica = replica;
        record.cause = cause;
        checkers_.on(record);
    }
    [[nodiscard]] std::vector<check::Verdict> finish() { return checkers_.finish(now_); }

  private:
    void say(const std::string& words) {
        if (!words_.empty()) words_ += "; ";
        words_ += words;
    }
    [[nodiscard]] ClockPiece clock_of(const World& world, std::uint8_t replica) const {
        const std::int64_t rate =
            world.processes()[replica].drift * world.space().drift_ppm() * 1000;
        return {.since = now_, .monotonic = world.now_of(replica).monotonic, .rate_ppb = rate};
    }

    check::Checkers checkers_;
    TrueTime now_;
    std::uint64_t number_ = 0;
    std::string words_;
    std::string name_;
    std::string identity_;
};

std::string columns_of(const World& world) {
    std::string text;
    for (std::size_t i = 0; i < world.processes().size(); ++i) {
        const World::Process& process = world.processes()[i];
        const char letter = static_cast<char>('a' + i);
        if (process.life == World::Life::awaited)
            text += '-';
        else if (process.life == World::Life::gone)
            text += '#';
        else if (process.elector->gate_open(process.clock))
            text += static_cast<char>('A' + i);
        else
            text += process.paused ? 'z' : letter;
    }
    return text;
}

std::string verb_of(const World& world, std::uint8_t replica) {
    switch (world.processes()[replica].exchange.verb) {
        case LeaseVerb::get:
            return "GET";
        case LeaseVerb::create:
            return "POST";
        case LeaseVerb::update:
            return "PUT";
    }
    return "";
}

/// What `action` is about to do, in words.
std::string sentence(const Action& action, const World& world) {
    const std::string name(1, static_cast<char>('a' + action.replica));
    switch (action.what) {
        case Happens::tick:
            return "";
        case Happens::start:
            return name + " starts";
        case Happens::timer:
            return name + "'s timer";
        case Happens::arrive:
            return name + "'s " + verb_of(world, action.replica) + " reaches the server";
        case Happens::answer:
            return name + " is answered " +
                   std::to_string(world.processes()[action.replica].exchange.reply.status);
        case Happens::give_up:
            return name + " gives its " + verb_of(world, action.replica) + " up";
        case Happens::watch:
            return name + "'s watch tells";
        case Happens::drained:
            return name + " has drained";
        case Happens::resume:
            return name + " goes on";
        case Happens::land:
            return "a write that was given up is applied";
        case Happens::own:
            return name + " reads its own Pod";
        case Happens::own_old:
            return name + " reads a status of its Pod that is one restart old";
        case Happens::ended:
            return name + " is told that " + world.processes()[action.replica].watched +
                   "'s container has ended";
        case Happens::late:
            return name + " is told that " + world.processes()[action.replica].left +
                   "'s container has ended, which it watches no more";
        case Happens::fault:
            return "** " + std::string(fault_name(action.fault)) +
                   (action.fault <= Fault::stop && action.fault != Fault::api_restart ? " " + name
                                                                                      : "");
    }
    return "";
}

}  // namespace

Story play(const Space& space, const Schedule& schedule) {
    Story story;
    World world(space);
    Teller teller(space);
    Scratch scratch;
    scratch.witness = &teller;
    std::vector<Action> can;
    for (std::size_t i = 0; i < schedule.size(); ++i) {
        const Action& action = schedule[i];
        world.next(can);
        if (std::find(can.begin(), can.end(), action) == can.end()) {
            story.problem = "action " + std::to_string(i + 1) + " cannot happen at " +
                            reports::format_time(world.now());
            return story;
        }
        const std::string what = sentence(action, world);
        teller.at(world.now());
        if (action.what == Happens::start) teller.started(action.replica, world);
        if (action.what == Happens::fault) teller.struck(action);
        story.broken = world.take(action, scratch);
        if (action.what == Happens::fault &&
            (action.fault == Fault::clock_slow || action.fault == Fault::clock_fast))
            teller.clock_changed(action.replica, world);
        if (action.what != Happens::tick) {
            std::string head = reports::format_time(world.now());
            head.insert(0, 9 - std::min<std::size_t>(9, head.size()), ' ');
            head += "  " + columns_of(world) + "  ";
            const std::string said = teller.words().empty() ? "" : ": " + teller.words();
            story.text += head + reports::wrap(what + said, head.size(), head.size()) + "\n";
        }
        if (story.broken == Broken::nothing) continue;
        story.failure = scratch.failure;
        if (i + 1 < schedule.size()) story.problem = "it is broken before its last action";
        break;
    }
    story.verdicts = teller.finish();
    return story;
}

}  // namespace leasehold::explore
