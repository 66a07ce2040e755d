// Names of the vocabulary's enumerators, as texts, histories and reports spell them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "model/check/result.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/history.hpp"
#include "model/storage/config.hpp"

namespace leasehold::reports {

/// Enumerator names in the order of declaration; specialised for each enum that is written.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kNames{};

template <>
inline constexpr std::array<std::string_view, 3> kNames<Role>{"follower", "leader", "stopped"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<LeaseVerb>{"get", "create", "update"};
template <>
inline constexpr std::array<std::string_view, 14> kNames<StatusReason>{
    "none",         "notFound",  "alreadyExists",   "conflict", "invalid", "badRequest",
    "unauthorized", "forbidden", "tooManyRequests", "timeout",  "expired", "internalError",
    "unavailable",  "other"};
template <>
inline constexpr std::array<std::string_view, 7> kNames<LeaseOutcome>{
    "found", "written", "missing", "conflict", "exists", "rejected", "unknown"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<WatchKind>{"seen", "deleted", "bookmark",
                                                                   "ended"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<BucketVerb>{"get", "put", "remove", "list"};
template <>
inline constexpr std::array<std::string_view, 10> kNames<BucketCode>{"none",
                                                                     "noSuchKey",
                                                                     "noSuchBucket",
                                                                     "preconditionFailed",
                                                                     "conditionalRequestConflict",
                                                                     "slowDown",
                                                                     "accessDenied",
                                                                     "notImplemented",
                                                                     "internalError",
                                                                     "other"};
template <>
inline constexpr std::array<std::string_view, 12> kNames<BucketOutcome>{
    "object",    "unchanged", "missing", "written", "removed", "page", "preconditionFailed",
    "throttled", "denied",    "refused", "notSent", "unknown"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<PutCondition>{"none", "ifMatch",
                                                                      "ifNoneMatch"};
template <>
inline constexpr std::array<std::string_view, 5> kNames<FileVerb>{"list", "load", "store", "retag",
                                                                  "remove"};
template <>
inline constexpr std::array<std::string_view, 5> kNames<FileStatus>{"ok", "missing", "corrupt",
                                                                    "noSpace", "ioError"};
template <>
inline constexpr std::array<std::string_view, 7> kNames<ReadOutcome>{
    "data", "notFound", "corrupt", "failed", "deadline", "cancelled", "shutdown"};
template <>
inline constexpr std::array<std::string_view, 5> kNames<WriteAck>{"committed", "skippedFollower",
                                                                  "fenced", "failed", "unknown"};
template <>
inline constexpr std::array<std::string_view, 5> kNames<QueryOutcome>{
    "data", "notAvailableYet", "deadline", "cancelled", "shutdown"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<ObjectFormat>{"fenced", "plain"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<EndCause>{"stopped", "crashed", "runEnded"};
template <>
inline constexpr std::array<std::string_view, 5> kNames<check::Status>{
    "pass", "violated", "inconclusive", "notApplicable", "notChecked"};
template <>
inline constexpr std::array<std::string_view, 6> kNames<check::Outcome>{
    "pass", "safety", "liveness", "inconclusive", "nondeterministic", "internal"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<check::InvariantClass>{"safety", "liveness",
                                                                               "determinism"};
/// Of the alternatives of Event and Effect, by index.
template <>
inline constexpr std::array<std::string_view, 14> kNames<Event>{
    "start",          "timer",        "stop",         "leaseAnswered", "leaseWatched",
    "bucketAnswered", "fileAnswered", "backupRead",   "backupWrite",   "backupRemove",
    "query",          "cancel",       "ownContainer", "holderEnded"};
template <>
inline constexpr std::array<std::string_view, 16> kNames<Effect>{
    "roleChanged", "gateMoved",   "stopped",      "sendLease",      "watchLease", "stopWatch",
    "sendBucket",  "abortBucket", "resumeBucket", "sendFile",       "readDone",   "writeDone",
    "queryDone",   "mark",        "watchHolder",  "stopHolderWatch"};
static_assert(std::variant_size_v<Event> == kNames<Event>.size());
static_assert(std::variant_size_v<Effect> == kNames<Effect>.size());

template <class Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
    return kNames<Enum>.at(static_cast<std::size_t>(value));
}

/// The enumerator of that name, if there is one.
template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> named(std::string_view name) {
    for (std::size_t i = 0; i < kNames<Enum>.size(); ++i)
        if (kNames<Enum>[i] == name) return static_cast<Enum>(i);
    return std::nullopt;
}

}  // namespace leasehold::reports
