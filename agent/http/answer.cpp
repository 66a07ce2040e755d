#include "agent/http/answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include <nlohmann/json.hpp>

namespace leasehold::agent {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr std::string_view kJson = "application/json";
constexpr Duration kAfterShutdown = 5s;  // a pod that stops is replaced in about that time

/// Keys and tags of a bucket may hold anything: what is no text is replaced.
std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Answer json_answer(int status, const Json& json) {
    return text_answer(status, dumped(json) + "\n", kJson);
}

Answer outcome_answer(int status, std::string_view outcome) {
    return json_answer(status, {{"outcome", outcome}});
}

Answer later(Answer answer, Duration retry_after) {
    answer.fields.emplace_back(
        "Retry-After",
        std::to_string(std::chrono::ceil<std::chrono::seconds>(retry_after).count()));
    return answer;
}

/// As a field's value: what could end the line, or the quotes, is percent-encoded.
std::string quoted(std::string_view etag) {
    std::string text;
    text.reserve(etag.size() + 2);
    text += '"';
    const auto plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '%'; };
    const auto* const odd = std::find_if_not(etag.begin(), etag.end(), plain);
    text.append(etag.begin(), odd);
    for (const char c : etag.substr(static_cast<std::size_t>(odd - etag.begin()))) {
        if (plain(c)) {
            text += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        text += '%';
        text += "0123456789ABCDEF"[byte >> 4U];
        text += "0123456789ABCDEF"[byte & 15U];
    }
    return text + '"';
}

Answer data_answer(const Blob& payload, const ETag& etag, Epoch epoch) {
    BytesPtr bytes = bytes_of(payload);
    if (!bytes && payload.size != 0) {
        return json_answer(500, {{"outcome", "Failed"}, {"error", "the payload has no bytes"}});
    }
    Answer answer;
    answer.fields = {{"Content-Type", "application/octet-stream"},
                     {"Leasehold-Epoch", std::to_string(epoch.value())},
                     {"Cache-Control", "no-store"}};
    if (!etag.empty()) answer.fields.emplace_back("ETag", quoted(etag.view()));
    answer.payload = std::move(bytes);
    return answer;
}

/// "2026-11-22T14:00:00Z"; null for what never was.
Json utc(WallTime at) {
    if (at == WallTime{}) return nullptr;
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    std::tm parts{};
    std::array<char, 32> text{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return nullptr;
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text.data());
}

Json duties_json(const DutyStates& duties) {
    constexpr std::array<std::string_view, kDuties> kNames{
        "lease", "leaseWatch", "bucketReads", "bucketWrites", "localFiles", "pods"};
    Json json = Json::object();
    for (std::size_t i = 0; i < kDuties; ++i) {
        const DutyState& duty = duties.at(i);
        json[std::string(kNames.at(i))] = {{"failing", duty.failing},
                                           {"failures", duty.failures},
                                           {"since", utc(duty.since)},
                                           {"lastError", duty.error}};
    }
    return json;
}

/// Null: not known, or nobody asks (--believe-ended-holder).
Json container_json(const Status& status) {
    if (status.container.empty()) return nullptr;
    return status.container;
}

/// Null: nobody's end is waited for.
Json holder_json(const Status& status) {
    if (status.holder_container.empty()) return nullptr;
    return {{"id", status.holder_container}, {"seen", status.holder_seen}};
}

}  // namespace

Answer text_answer(int status, std::string text, std::string_view type) {
    Answer answer;
    answer.status = status;
    answer.fields = {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}};
    answer.body = std::move(text);
    return answer;
}

Answer refusal_answer(const Refusal& refusal) {
    Answer answer = json_answer(refusal.status, {{"error", refusal.error}});
    if (!refusal.allow.empty()) answer.fields.emplace_back("Allow", refusal.allow);
    if (refusal.status == 401)
        answer.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"leasehold\"");
    return answer;
}

Answer failed_write(int status, std::string_view error) {
    return json_answer(status, {{"outcome", "Failed"}, {"error", error}});
}

Answer write_answer(const WriteDone& done) {
    switch (done.ack) {
        case WriteAck::committed:
            return json_answer(200, {{"outcome", "Committed"},
                                     {"etag", done.etag.view()},
                                     {"epoch", done.epoch.value()}});
        case WriteAck::skipped_follower:
            return outcome_answer(200, "SkippedFollower");
        case WriteAck::fenced:
            return outcome_answer(409, "Fenced");
        case WriteAck::failed:
            return outcome_answer(502, "Failed");
        case WriteAck::unknown:
            return outcome_answer(504, "Unknown");
    }
    return outcome_answer(500, "Failed");
}

Answer read_answer(const ReadDone& done) {
    switch (done.outcome) {
        case ReadOutcome::data:
            return data_answer(done.payload, done.etag, done.epoch);
        case ReadOutcome::not_found:
            return outcome_answer(404, "NotFound");
        case ReadOutcome::corrupt:
            return outcome_answer(502, "Corrupt");
        case ReadOutcome::failed:
            return outcome_answer(502, "Failed");
        case ReadOutcome::deadline:
            return outcome_answer(504, "Deadline");
        case ReadOutcome::cancelled:
            return later(outcome_answer(503, "Cancelled"), kAfterShutdown);
        case ReadOutcome::shutdown:
            return later(outcome_answer(503, "Shutdown"), kAfterShutdown);
    }
    return outcome_answer(500, "Failed");
}

Answer query_answer(const QueryDone& done, Duration retry_after) {
    switch (done.outcome) {
        case QueryOutcome::data:
            return data_answer(done.payload, done.etag, done.epoch);
        case QueryOutcome::not_available_yet:
            return later(outcome_answer(503, "NotAvailableYet"), retry_after);
        case QueryOutcome::deadline:
            return outcome_answer(504, "Deadline");
        case QueryOutcome::cancelled:
            return later(outcome_answer(503, "Cancelled"), kAfterShutdown);
        case QueryOutcome::shutdown:
            return later(outcome_answer(503, "Shutdown"), kAfterShutdown);
    }
    return outcome_answer(500, "Failed");
}

Answer status_answer(const Status& status) {
    const Leadership& lead = status.leadership;
    Json validity = 0;
    if (lead.role == Role::leader && lead.valid_until == kNever)
        validity = nullptr;  // HA off: without end
    else if (lead.role == Role::leader && lead.valid_until > status.now)
        validity = std::chrono::duration<double>(lead.valid_until - status.now).count();
    return json_answer(200, {{"name", status.name},
                             {"identity", status.identity},
                             {"elects", status.elects},
                             {"role", word_of(lead.role)},
                             {"term", lead.term.value()},
                             {"validitySeconds", validity},
                             {"draining", lead.draining},
                             {"stopping", status.stopping},
                             {"holder", status.holder},
                             {"epoch", status.epoch.value()},
                             {"pendingReads", status.pending_reads},
                             {"pendingWrites", status.pending_writes},
                             {"pendingQueries", status.pending_queries},
                             {"preconditions", status.preconditions},
                             {"keys", status.storage.keys},
                             {"tombstones", status.storage.tombstones},
                             {"tombstoneBytes", status.storage.tombstone_bytes},
                             {"listPages", status.storage.list_pages},
                             {"container", container_json(status)},
                             {"holderContainer", holder_json(status)},
                             {"duties", duties_json(status.duties)},
                             {"summary", status.summary}});
}

Answer index_answer(const std::vector<IndexEntry>& entries, const std::string& spool_directory) {
    Spool spool(spool_directory);
    spool.append("[");
    for (const IndexEntry& entry : entries) {
        if (&entry != entries.data()) spool.append(",\n ");
        spool.append(dumped({{"key", entry.key.view()},
                             {"etag", entry.etag.view()},
                             {"epoch", entry.epoch.value()},
                             {"size", entry.size},
                             {"local", entry.local},
                             {"dirty", entry.dirty}}));
    }
    spool.append("]\n");
    Answer answer = text_answer(200, {}, kJson);
    answer.payload = bytes_of(spool.finish());
    return answer;
}

Duration until_next_pass(Instant now, std::optional<Instant> began, Duration period) {
    constexpr Duration kMost = 30s;
    if (!began) return std::min(period, kMost);
    // A pass that is late begins any moment.
    return std::clamp<Duration>(saturating_add(*began, period) - now, 1s, kMost);
}

}  // namespace leasehold::agent
