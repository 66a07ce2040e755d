#include "agent/transfer/client.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <set>

#include "agent/base/clock.hpp"
#include "agent/base/timer.hpp"
#include "agent/transfer/exchange.hpp"
#include "agent/transfer/multi.hpp"

namespace leasehold::agent {
namespace {

// Making one costs more than a small request. Only a handle whose transfer was answered is kept:
// nothing says what a failed one still holds, and curl_easy_reset() does not clear it. (libcurl
// 7.88.1 keeps the receive buffer after a failed look-up, and refuses CURLOPT_BUFFERSIZE on that
// handle ever after; as the newest it would be handed out first, for ever.) What else lives in a
// handle goes with it: its TLS sessions, which a server that is gone may not know any more.
constexpr std::size_t kHandlesKept = 32;

/// Answered ones are not all fit for another request: 7.88.1 keeps the receive buffer too where
/// another HTTP/2 stream was still open on the connection when the transfer ended
/// (findings/libcurl-kept-buffer.sh).
bool fit_again(CURL* easy) {
    curl_easy_reset(easy);
    return curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, long{CURL_MAX_WRITE_SIZE}) == CURLE_OK;
}

/// Neither an answer nor this process's own will: nothing is proven of other connections to that
/// server, nor of the address that its name had.
bool server_gave_nothing(const Exchange& exchange, TransferEnd end) {
    switch (end) {
        case TransferEnd::timed_out:
        case TransferEnd::broken:
            return true;
        case TransferEnd::not_sent:
            return exchange.multi != nullptr && !exchange.gate_closed();
        case TransferEnd::answered:
        case TransferEnd::aborted:
        case TransferEnd::too_large:
            break;
    }
    return false;
}

}  // namespace

std::string_view Response::header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_case_name) return value;
    return {};
}

/// Everything that changes a multi runs from the loop itself, never inside a callback of libcurl,
/// which forbids it: send() and abort() may be called by a sink.
struct Client::State : std::enable_shared_from_this<Client::State> {
    State(asio::io_context& io, ClientOptions client_options)
        : loop(io),
          options(std::move(client_options)),
          multi(make_multi()),
          timer(io, [this] { on_deadline(); }) {}

    std::shared_ptr<Multi> make_multi() {
        return std::make_shared<Multi>(loop, options.connections, options.uploads,
                                       [this](CURL* easy, CURLcode code) {
                                           Exchange& exchange = Exchange::of(easy);
                                           if (exchange.answered_unasked()) return again(exchange);
                                           end(exchange, exchange.finish(code));
                                       });
    }

    /// Runs `what` from the loop unless the client is gone by then.
    template <class What>
    void post(What what) {
        asio::post(loop, [weak = weak_from_this(), what = std::move(what)]() mutable {
            if (const auto self = weak.lock(); self != nullptr && !self->closed) what(*self);
        });
    }

    void start(TransferId id);
    void end(Exchange& exchange, Response response);
    void again(Exchange& exchange);
    void retire(const std::shared_ptr<Multi>& left);
    void drop_connections();
    void on_deadline();
    void close();

    asio::io_context& loop;
    ClientOptions options;
    std::shared_ptr<Multi> multi;
    std::vector<std::shared_ptr<Multi>> retired;  ///< with transfers, for no new ones
    std::map<TransferId, std::unique_ptr<Exchange>> exchanges;
    std::set<std::pair<Instant, TransferId>> deadlines;
    std::vector<EasyHandle> handles;
    BoottimeTimer timer;
    std::uint64_t last_id = 0;
    bool closed = false;
};

void Client::State::start(TransferId id) {
    const auto found = exchanges.find(id);
    if (found == exchanges.end()) return;
    Exchange& exchange = *found->second;
    if (exchange.request.deadline <= boottime()) {
        end(exchange, exchange.finish(TransferEnd::not_sent, "the deadline was over already"));
        return;
    }
    try {
        EasyHandle easy(handles.empty() ? curl_easy_init() : handles.back().release());
        if (!handles.empty()) handles.pop_back();
        if (easy == nullptr) throw std::bad_alloc();
        exchange.prepare(std::move(easy), options);
        multi->add(exchange.easy.get());
        exchange.multi = multi;
    } catch (const std::exception& error) {
        end(exchange, exchange.finish(TransferEnd::not_sent, error.what()));
    }
}

void Client::State::end(Exchange& exchange, Response response) {
    const auto node = exchanges.extract(exchange.id);
    deadlines.erase({exchange.request.deadline, exchange.id});
    timer.arm(deadlines.empty() ? kNever : deadlines.begin()->first);
    if (exchange.multi != nullptr) {
        exchange.multi->remove(exchange.easy.get());
        // Once for all that fail together: theirs is the old multi by then.
        if (exchange.multi == multi && server_gave_nothing(exchange, response.end))
            drop_connections();
        retire(exchange.multi);
    }
    if (response.end == TransferEnd::answered && handles.size() < kHandlesKept &&
        fit_again(exchange.easy.get()))
        handles.push_back(std::move(exchange.easy));
    post([done = std::move(exchange.done), response = std::move(response)](State&) mutable {
        done(std::move(response));
    });
}

/// By a new connection: none that is kept is to be trusted. Nothing of it was sent yet.
void Client::State::again(Exchange& exchange) {
    const std::shared_ptr<Multi> left = exchange.multi;
    left->remove(exchange.easy.get());
    if (left == multi) drop_connections();
    retire(left);
    exchange.begin_again();
    post([id = exchange.id](State& state) { state.start(id); });
}

void Client::State::retire(const std::shared_ptr<Multi>& left) {
    if (left->transfers() == 0) std::erase(retired, left);
}

void Client::State::drop_connections() {
    std::shared_ptr<Multi> fresh;
    try {
        fresh = make_multi();
    } catch (const std::exception&) {
        return;  // no descriptor is left for its timer: the old one is all there is
    }
    auto old = std::exchange(multi, std::move(fresh));
    if (old->transfers() != 0) retired.push_back(std::move(old));
}

void Client::State::on_deadline() {
    const Instant now = boottime();
    while (!deadlines.empty() && deadlines.begin()->first <= now) {
        Exchange& exchange = *exchanges.at(deadlines.begin()->second);
        end(exchange, exchange.sent()
                          ? exchange.finish(TransferEnd::timed_out, "no answer in time")
                          : exchange.finish(TransferEnd::not_sent, "no connection in time"));
    }
    if (!deadlines.empty()) timer.arm(deadlines.begin()->first);
}

void Client::State::close() {
    closed = true;
    for (const auto& [id, exchange] : exchanges)
        if (exchange->multi != nullptr) exchange->multi->remove(exchange->easy.get());
    exchanges.clear();
    deadlines.clear();
    timer.arm(kNever);
    handles.clear();
    retired.clear();
    multi.reset();
}

Client::Client(asio::io_context& loop, ClientOptions options)
    : state_(std::make_shared<State>(loop, std::move(options))) {}

Client::~Client() {
    state_->close();
}

TransferId Client::send(Request request, Done done) {
    const TransferId id(++state_->last_id);
    const Instant deadline = request.deadline;
    state_->exchanges.emplace(id,
                              std::make_unique<Exchange>(id, std::move(request), std::move(done)));
    if (deadline != kNever) {
        state_->deadlines.emplace(deadline, id);
        state_->timer.arm(state_->deadlines.begin()->first);
    }
    state_->post([id](State& state) { state.start(id); });
    return id;
}

void Client::resume(TransferId id) {
    const auto found = state_->exchanges.find(id);
    if (found == state_->exchanges.end()) return;
    found->second->resume();
    state_->post([id](State& state) {
        const auto still = state.exchanges.find(id);
        // Without a handle it has not begun, and will not stall.
        if (still != state.exchanges.end() && still->second->easy != nullptr)
            curl_easy_pause(still->second->easy.get(), CURLPAUSE_CONT);
    });
}

void Client::abort(TransferId id) {
    const auto found = state_->exchanges.find(id);
    if (found == state_->exchanges.end()) return;
    found->second->give_up();
    state_->post([id](State& state) {
        if (const auto still = state.exchanges.find(id); still != state.exchanges.end())
            state.end(*still->second, still->second->finish(TransferEnd::aborted, "aborted"));
    });
}

void Client::drop_connections() {
    state_->drop_connections();
}

std::size_t Client::in_flight() const {
    return state_->exchanges.size();
}

}  // namespace leasehold::agent
