// RealLease: a real kube-apiserver behind the suite's interface, through the agent's client.
//
// What the agent's client never sends (a PUT without uid or version, a POST with them, a time with
// nine digits) leaves as a request of its own and is read by the same parsers. An operator's acts
// have a token of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/transfer/client.hpp"
#include "tests/conformance/lease_server.hpp"

namespace leasehold::conformance {

struct RealLeaseOptions {
    std::string server;  ///< "https://127.0.0.1:6443"
    std::string ca_file;
    std::string token_file;        ///< get, create, update and watch on Leases
    std::string admin_token_file;  ///< the operator's: delete and patch too
    std::string namespace_name;
};

class RealLease : public LeaseServer {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    explicit RealLease(RealLeaseOptions options);
    /// Deletes the last Lease.
    ~RealLease() override;

    /// Deletes the Lease so far.
    void fresh() override;
    std::vector<LeaseAnswer> perform(std::span<const LeaseCall> calls) override;
    [[nodiscard]] std::string label_of(const std::string& extra) const override;
    [[nodiscard]] std::string with_label(const std::string& extra,
                                         const std::string& label) const override;

  private:
    using Answer = std::function<void(LeaseAnswer)>;

    struct Watch {
        WatchId id;
        Version from;
        std::vector<LeaseEvent> events;
    };
    struct Client {
        std::unique_ptr<agent::LeaseClient> client;
        std::map<RequestId, Answer> waiting;
        std::optional<Watch> watch;
    };

    Client& client_of(std::uint32_t number);
    void deliver(std::uint32_t number, const Event& event);
    void begin(const LeaseCall& call, Answer answer);
    void send_raw(const LeaseCall& call, Answer answer);
    void edit(sim::LeaseEdit how, Answer answer);
    void label(Answer answer);
    void patch(const std::string& body, Answer answer, bool again_on_conflict);
    void as_operator(agent::Request request, agent::Client::Done done);
    LeaseAnswer open(const LeaseCall& call);
    void wait_open(const Watch& watch);
    LeaseAnswer collect(const LeaseCall& call);
    /// Runs the loop until `done` or the time is over; the former.
    bool run_until(const std::function<bool()>& done, Duration most);
    void remove_last();
    [[nodiscard]] std::string url() const;

    RealLeaseOptions options_;
    std::string token_;
    std::string admin_token_;
    agent::asio::io_context loop_;
    agent::Client raw_;
    std::string run_;  // begins the names of this run's Leases
    std::uint64_t leases_ = 0;
    agent::LeaseName name_;
    std::map<std::uint32_t, Client> clients_;
    std::uint64_t requests_ = 0;
    std::uint64_t watches_ = 0;
};

}  // namespace leasehold::conformance
