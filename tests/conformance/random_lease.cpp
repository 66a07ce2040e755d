// Random sequences for the Lease API: one Lease, few clients, few contents, so that most
// operations meet what another client has just done.
#include <algorithm>
#include <array>
#include <set>

#include "model/base/random.hpp"
#include "tests/conformance/cases.hpp"

namespace leasehold::conformance {
namespace {

constexpr std::size_t kRounds = 24;  // few enough for the watch cache of the simulated API

class Generator {
  public:
    Generator(std::uint64_t seed, std::uint32_t clients) : random_(seed), clients_(clients) {}

    Sequence<LeaseOp> run() {
        while (sequence_.size() < kRounds) {
            const std::uint64_t dice = random_.below(100);
            if (dice < 22 && clients_ > 1)
                at_once();
            else if (dice < 34)
                watch();
            else if (dice < 50)
                read_and_write();
            else
                alone(one(client()));
        }
        while (!watching_.empty())
            collect(*watching_.begin());
        return std::move(sequence_);
    }

  private:
    std::uint32_t client() { return static_cast<std::uint32_t>(random_.below(clients_)); }
    template <class T, std::size_t N>
    T pick(const std::array<T, N>& from) {
        return from.at(random_.below(N));
    }
    void alone(const LeaseOp& op) { sequence_.push_back({op}); }

    LeaseOp with(std::uint32_t client, LeaseAct act) {
        LeaseOp op;
        op.client = client;
        op.act = act;
        op.step = static_cast<std::uint32_t>(random_.below(4));
        return op;
    }

    LeaseOp update(std::uint32_t client) {
        using C = LeaseContent;
        using V = VersionFrom;
        using U = UidFrom;
        constexpr std::array kContents{C::renew,
                                       C::renew,
                                       C::renew,
                                       C::renew,
                                       C::renew,
                                       C::take,
                                       C::take,
                                       C::take,
                                       C::same,
                                       C::same,
                                       C::release,
                                       C::bare,
                                       C::bounded,
                                       C::housed,
                                       C::untimed,
                                       C::nanoseconds,
                                       C::labelled,
                                       C::unlabelled,
                                       C::zero_duration,
                                       C::negative_duration,
                                       C::negative_transitions};
        constexpr std::array kVersions{V::seen, V::seen, V::seen,  V::seen,   V::seen,
                                       V::seen, V::seen, V::older, V::future, V::none};
        constexpr std::array kUids{U::seen, U::seen, U::seen, U::seen,  U::seen,
                                   U::seen, U::none, U::none, U::older, U::wrong};
        LeaseOp op = with(client, LeaseAct::update);
        op.content = pick(kContents);
        op.version = pick(kVersions);
        op.uid = pick(kUids);
        return op;
    }

    LeaseOp create(std::uint32_t client) {
        LeaseOp op = with(client, LeaseAct::create);
        op.content = random_.below(10) == 0 ? LeaseContent::zero_duration : LeaseContent::take;
        op.version = random_.below(8) == 0 ? VersionFrom::seen : VersionFrom::none;
        op.uid = random_.below(8) == 0 ? UidFrom::wrong : UidFrom::none;
        return op;
    }

    LeaseOp one(std::uint32_t client) {
        const std::uint64_t dice = random_.below(100);
        if (dice < 18) return with(client, LeaseAct::get);
        if (dice < 38) return create(client);
        if (dice < 48) return with(client, LeaseAct::remove);
        if (dice < 60) {
            LeaseOp op = with(client, LeaseAct::edit);
            op.edit = static_cast<sim::LeaseEdit>(random_.below(4));
            return op;
        }
        return update(client);
    }

    void read_and_write() {
        const std::uint32_t who = client();
        alone(with(who, LeaseAct::get));
        alone(update(who));
    }

    /// Different clients at once, and a look at what came of it.
    void at_once() {
        std::vector<std::uint32_t> who;
        for (std::uint32_t i = 0; i < clients_; ++i)
            who.push_back(i);
        for (std::size_t i = who.size(); i > 1; --i)
            std::swap(who[i - 1], who[random_.below(i)]);
        const std::size_t count = 2 + random_.below(std::min<std::uint64_t>(clients_, 4) - 1);
        Round<LeaseOp> round;
        for (std::size_t i = 0; i < count; ++i)
            round.push_back(one(who[i]));
        sequence_.push_back(round);
        alone(with(who[0], LeaseAct::get));
    }

    void watch() {
        const std::uint32_t who = client();
        if (watching_.contains(who)) {
            collect(who);
            return;
        }
        LeaseOp op = with(who, LeaseAct::watch);
        constexpr std::array kFrom{VersionFrom::seen, VersionFrom::seen, VersionFrom::older,
                                   VersionFrom::none};
        op.version = pick(kFrom);
        alone(op);
        watching_.insert(who);
    }

    /// A last write that the watch must tell of, so that it is known when it has told all.
    void collect(std::uint32_t who) {
        LeaseOp touch = with(who, LeaseAct::create);
        touch.version = VersionFrom::none;
        touch.uid = UidFrom::none;
        alone(touch);
        alone(with(who, LeaseAct::get));
        touch = with(who, LeaseAct::update);
        touch.content = LeaseContent::renew;
        touch.step = 10 + static_cast<std::uint32_t>(sequence_.size());
        alone(touch);
        alone(with(who, LeaseAct::collect));
        watching_.erase(who);
    }

    Random random_;
    std::uint32_t clients_;
    Sequence<LeaseOp> sequence_;
    std::set<std::uint32_t> watching_;
};

}  // namespace

Sequence<LeaseOp> random_lease_sequence(std::uint64_t seed, std::uint64_t number,
                                        std::uint32_t clients) {
    return Generator(mix64(mix64(seed) ^ (number + 1)), clients).run();
}

}  // namespace leasehold::conformance
