#include "agent/host/bucket_clock.hpp"

#include <chrono>

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFine = 1min;      ///< NTP keeps clocks to milliseconds: more is nobody's plan
constexpr Duration kAllowed = 15min;  ///< by S3 and by Azure's Shared Key, both documented
constexpr const char* kSetIt = "set this machine's clock, or the server's";

/// "4.2s", "3m20s", "2h5m", "20786 days".
std::string span(Duration span) {
    const auto text = [](std::int64_t count, const char* unit) {
        return std::to_string(count) + unit;
    };
    const std::int64_t tenths = span / 100ms;
    const std::int64_t seconds = span / 1s;
    if (span < 1min) return text(tenths / 10, ".") + text(tenths % 10, "s");
    if (span < 1h) return text(seconds / 60, "m") + text(seconds % 60, "s");
    if (span < 48h) return text(seconds / 3600, "h") + text(seconds / 60 % 60, "m");
    return text(span / 24h, " days");
}

/// "3m20s behind the server's (within 0.6s)"
std::string beside(const ClockOffset& clock) {
    const Duration apart = std::chrono::abs(clock.ahead);
    std::string text = "as the server's";
    if (apart > clock.within)
        text = span(apart) + (clock.ahead > 0s ? " ahead of" : " behind") + " the server's";
    return text + " (within " + span(clock.within + 99ms) + ")";  // upwards
}

std::string allowed(BucketType type) {
    // Google has no bound for a request: its bearer tokens do not depend on our clock.
    if (type == BucketType::gcs) return "";
    return std::string(", at most 15m allowed by ") + (type == BucketType::azure ? "Azure" : "S3");
}

/// What happens to who is further off.
std::string threat(BucketType type) {
    if (type == BucketType::gcs)
        return "Google gives no token for a key that is used by a clock which is off "
               "(invalid_grant): ";
    if (type == BucketType::azure)
        return "Azure refuses requests signed more than 15m off (403 AuthenticationFailed): ";
    return "S3 refuses requests signed more than 15m off (403 RequestTimeTooSkewed): ";
}

/// Ceph, MinIO, Aliyun and Versity have Amazon's word for it.
bool says_skewed(const ClockWitness& seen) {
    return seen.word == "RequestTimeTooSkewed";
}

/// Azure has one word for a wrong key and a wrong clock: what was measured has to tell.
bool is_skewed(BucketType type, const ClockWitness& seen) {
    const bool denied = seen.status == 401 || seen.status == 403;
    return denied && type != BucketType::gcs && seen.clock &&
           std::chrono::abs(seen.clock->ahead) - seen.clock->within > kAllowed;
}

}  // namespace

std::optional<BucketFinding> clock_finding(BucketType type, const ClockWitness& seen) {
    if (type == BucketType::filesystem || seen.status == 0) return std::nullopt;
    BucketFinding out{"clock", "not known: the server gives no time (Date)", "", true};
    if (seen.clock) out.found = beside(*seen.clock) + allowed(type);
    out.usable = !says_skewed(seen) && !is_skewed(type, seen);
    if (!out.usable)
        out.advice =
            (says_skewed(seen) ? "refused for it (" + seen.word + "): " : threat(type)) + kSetIt;
    else if (seen.clock && std::chrono::abs(seen.clock->ahead) >= kFine)
        out.advice = threat(type) + kSetIt;
    return out;
}

std::string clock_advice(BucketType type, const ClockWitness& refused) {
    if (says_skewed(refused)) return std::string("no permission is missing: ") + kSetIt;
    if (is_skewed(type, refused)) return std::string("first ") + kSetIt + ", then try again";
    // Google's words for an assertion that begins or ends at the wrong time; the code is shared.
    const bool google = type == BucketType::gcs && refused.status == 0;
    if (google && refused.words.find("reasonable timeframe") != std::string::npos)
        return "set this machine's clock: the token was asked for at another time than Google's";
    return "";
}

}  // namespace leasehold::agent
