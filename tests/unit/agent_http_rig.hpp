// A server over real loopback sockets with a replica that does what the test says.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/base/asio.hpp"
#include "agent/base/bytes.hpp"
#include "agent/base/clock.hpp"
#include "agent/http/server.hpp"
#include "agent/metrics/metrics.hpp"
#include "tests/unit/agent_http_client.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent::test {

using namespace std::chrono_literals;

/// A replica's host that answers from tables inside the call, and keeps what has no entry.
class FakeService : public Service {
  public:
    struct PendingRead {
        std::string key;
        std::string known;
        Instant deadline;
        std::function<void(const ReadDone&)> done;
    };
    struct PendingQuery {
        Instant deadline;
        std::function<void(const QueryDone&)> done;
    };

    CallId read(const ObjectKey& key, const ETag& known, Instant deadline,
                std::function<void(const ReadDone&)> done) override {
        const CallId call(++calls);
        if (const auto found = read_answers.find(key.str()); found != read_answers.end())
            done(found->second);
        else
            reads[call] = {key.str(), known.str(), deadline, std::move(done)};
        return call;
    }
    CallId write(const ObjectKey& key, Blob payload,
                 std::function<void(const WriteDone&)> done) override {
        written[key.str()] = payload;
        if (write_answer)
            done(*write_answer);
        else
            writes.push_back(std::move(done));
        return CallId(++calls);
    }
    CallId remove(const ObjectKey& key, std::function<void(const WriteDone&)> done) override {
        removed.push_back(key.str());
        done(*write_answer);
        return CallId(++calls);
    }
    CallId query(const ObjectKey& key, Instant deadline,
                 std::function<void(const QueryDone&)> done) override {
        const CallId call(++calls);
        if (const auto found = query_answers.find(key.str()); found != query_answers.end())
            done(found->second);
        else
            queries[call] = {deadline, std::move(done)};
        return call;
    }
    void cancel(CallId call) override {
        ++cancelled[call];
        if (auto read = reads.extract(call)) {
            ReadDone done;
            done.call = call;
            done.outcome = ReadOutcome::cancelled;
            read.mapped().done(done);
        }
        if (auto query = queries.extract(call))
            query.mapped().done(QueryDone{call, QueryOutcome::cancelled, {}, {}, {}});
    }
    Status status() override { return told; }
    std::vector<IndexEntry> index(const std::string& prefix) const override {
        std::vector<IndexEntry> found;
        for (const IndexEntry& entry : entries)
            if (entry.key.view().starts_with(prefix)) found.push_back(entry);
        return found;
    }
    bool ready() const override { return is_ready; }

    std::uint64_t calls = 0;
    std::map<std::string, ReadDone> read_answers;
    std::map<CallId, PendingRead> reads;
    std::map<std::string, Blob> written;
    std::optional<WriteDone> write_answer = WriteDone{{}, WriteAck::committed, Epoch(3), ETag("w")};
    std::vector<std::function<void(const WriteDone&)>> writes;
    std::vector<std::string> removed;
    std::map<std::string, QueryDone> query_answers;
    std::map<CallId, PendingQuery> queries;
    std::map<CallId, int> cancelled;
    Status told;
    std::vector<IndexEntry> entries;
    bool is_ready = true;
};

class HttpRig : public ::testing::Test {
  protected:
    ~HttpRig() override { stop(); }

    /// Runs `action` on the loop and gives its result.
    template <class Action>
    auto on_loop(Action action) {
        std::packaged_task<decltype(action())()> task(std::move(action));
        auto result = task.get_future();
        asio::post(loop, [&task] { task(); });
        return result.get();
    }
    void start(ServerOptions options = {}) {
        options.port = 0;
        if (options.spool_directory.empty()) options.spool_directory = folder.path();
        server = std::make_unique<Server>(loop, std::move(options), service, metrics);
        port = server->port();
        thread = std::thread([this] { loop.run(); });
    }
    void stop() {
        if (thread.joinable()) {
            on_loop([this] { server.reset(); });
            loop.stop();
            thread.join();
        }
    }
    /// Waits until `holds` does, seen from the loop.
    template <class Holds>
    bool eventually(Holds holds, Duration patience = 10s) {
        const Instant end = boottime() + patience;
        while (!on_loop(holds)) {
            if (boottime() > end) return false;
            std::this_thread::sleep_for(2ms);
        }
        return true;
    }
    Client connect(bool tls = false) { return Client(port, tls); }
    Reply ask(const std::string& method, const std::string& target, const std::string& fields = "",
              const std::string& body = "") {
        Client client(port);
        return client.ask(method, target, fields, body);
    }
    double metric(const std::string& sample) {
        const std::string text = on_loop([this] { return metrics.text(boottime(), {}, 0, 0, 0); });
        const auto at = text.find(sample + " ");
        return at == std::string::npos ? 0 : std::stod(text.substr(at + sample.size() + 1));
    }

    leasehold::test::OwnFolder folder;
    asio::io_context loop;
    /// The loop goes on when the server, its only work, is gone.
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    FakeService service;
    Metrics metrics;
    std::unique_ptr<Server> server;
    std::uint16_t port = 0;
    std::thread thread;
};

/// Bytes that no piece of them repeats.
inline std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& c : text)
        c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
    return text;
}

inline ReadDone read_data(std::string text, const std::string& etag, std::uint64_t epoch) {
    return {{}, ReadOutcome::data, Epoch(epoch), ETag(etag), blob_of(std::move(text))};
}
inline QueryDone query_data(std::string text, const std::string& etag, std::uint64_t epoch) {
    return {{}, QueryOutcome::data, Epoch(epoch), ETag(etag), blob_of(std::move(text))};
}

}  // namespace leasehold::agent::test
