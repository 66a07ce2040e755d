#include "agent/http/asking.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

Answer metrics_answer(Shared& shared) {
    const Status status = shared.service.status();
    shared.metrics.duties(status.duties);
    shared.metrics.storage(status.storage);
    return text_answer(200,
                       shared.metrics.text(status.now, status.leadership, status.pending_reads,
                                           status.pending_writes, status.pending_queries),
                       "text/plain; version=0.0.4; charset=utf-8");
}

Answer listed(const std::vector<IndexEntry>& entries, const std::string& spool_directory) {
    try {
        return index_answer(entries, spool_directory);
    } catch (const std::system_error& error) {
        return refusal_answer({507, error.what(), {}});
    }
}

/// Of 100,000 keys it is half a second of work, and megabytes for a disk that may hang: the Lease
/// would be lost meanwhile. One at a time, since each has all keys in memory.
void list(Shared& shared, const std::string& prefix, const Answered& answered) {
    shared.listings.take([&shared, prefix, answered](const Turns::Turn& turn) {
        if (!shared.pool) return;  // the server is gone
        shared.pool->run(
            [entries = shared.service.index(prefix), folder = shared.options.spool_directory] {
                return listed(entries, folder);
            },
            [turn, answered](Answer answer) { answered(std::move(answer)); });
    });
}

CallId read(Shared& shared, Asked& asked, Answered answered) {
    const Instant deadline = asked.deadline ? saturating_add(boottime(), *asked.deadline) : kNever;
    return shared.service.read(
        ObjectKey(std::move(asked.key)), ETag(std::move(asked.known)), deadline,
        [answered = std::move(answered)](const ReadDone& done) { answered(read_answer(done)); });
}

CallId query(Shared& shared, Asked& asked, Answered answered) {
    const Duration allowed = asked.deadline.value_or(shared.options.query_deadline);
    return shared.service.query(
        ObjectKey(std::move(asked.key)), saturating_add(boottime(), allowed),
        [&shared, answered = std::move(answered)](const QueryDone& done) {
            answered(
                query_answer(done, until_next_pass(boottime(), shared.metrics.last_pass_began(),
                                                   shared.options.poll_period)));
        });
}

void remove(Shared& shared, Asked& asked, Answered answered) {
    shared.service.remove(
        ObjectKey(std::move(asked.key)),
        [answered = std::move(answered)](const WriteDone& done) { answered(write_answer(done)); });
}

}  // namespace

Result<Asked, Refusal> admitted(const Shared& shared, const Head& head) {
    auto asked = route(head.method, head.target);
    // Probes of the kubelet carry no token, and come under the pod's address.
    if (!asked || !is_probe(asked->route))
        if (const auto refusal = shared.access.refusal(head)) return Unexpected{*refusal};
    return asked;
}

std::optional<CallId> ask(Shared& shared, Asked& asked, Answered answered) {
    switch (asked.route) {
        case Route::healthz:
            answered(text_answer(200, "ok\n", "text/plain"));
            break;
        case Route::readyz:
            answered(shared.service.ready() && !shared.draining
                         ? text_answer(200, "ready\n", "text/plain")
                         : text_answer(503, "stopping\n", "text/plain"));
            break;
        case Route::metrics:
            answered(metrics_answer(shared));
            break;
        case Route::status:
            answered(status_answer(shared.service.status()));
            break;
        case Route::index:
            list(shared, asked.key, answered);
            break;
        case Route::read_backup:
            return read(shared, asked, std::move(answered));
        case Route::query:
            return query(shared, asked, std::move(answered));
        case Route::delete_backup:
            remove(shared, asked, std::move(answered));
            break;
        case Route::put_backup:
        case Route::none:
            break;
    }
    return std::nullopt;
}

void save(Shared& shared, Asked& asked, Blob payload, Turns::Turn turn, Answered answered) {
    shared.service.write(
        ObjectKey(std::move(asked.key)), std::move(payload),
        [turn = std::move(turn), answered = std::move(answered)](const WriteDone& done) mutable {
            turn.reset();
            answered(write_answer(done));
        });
}

Spooled spool_piece(Spool& spool, std::string_view piece, bool last) {
    try {
        spool.append(piece);
        return {0, last ? spool.finish() : Blob{}};
    } catch (const std::system_error& error) {
        return {error.code().value(), Blob{}};
    }
}

std::string read_piece(const Bytes& payload, std::uint64_t offset) {
    std::string piece(std::min<std::uint64_t>(Shared::kPiece, payload.size() - offset), '\0');
    try {
        piece.resize(payload.read(offset, piece));
    } catch (const std::system_error&) {
        piece.clear();
    }
    return piece;
}

Answer not_spooled(int error) {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return failed_write(507, "no space left to spool the body");
    return failed_write(500, std::generic_category().message(error));
}

}  // namespace leasehold::agent
