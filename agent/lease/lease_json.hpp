// A coordination.k8s.io/v1 Lease as JSON, and as the model sees it.
//
// Our marks are annotations below "leasehold.dev/", as hexadecimal numbers. Everything that is not
// part of the record (labels, foreign annotations, finalizers, fields that are newer than this
// program) is kept in Lease::extra and echoed on each PUT; managedFields is left out, which the
// API server takes for "unchanged".
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "agent/lease/lease_name.hpp"
#include "model/base/result.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold::agent {

inline constexpr std::string_view kNonceAnnotation = "leasehold.dev/nonce";
inline constexpr std::string_view kAcquisitionAnnotation = "leasehold.dev/acquisition";
/// Of one release: names the Lease, the acquisition, and the record that it stands in, and is void
/// in any other (`release_mark`). Older agents wrote the acquisition alone; that proves nothing.
inline constexpr std::string_view kReleasedAnnotation = "leasehold.dev/released";
/// Decimal, on every write of ours: how long the record binds at least, whatever the spec says.
inline constexpr std::string_view kMaxLeaseAnnotation = "leasehold.dev/max-lease-seconds";

/// The container that the holder runs in, and what ties it to the record that it stands in
/// (`container_mark`): three texts as they are, and a mark.
inline constexpr std::string_view kHolderPodAnnotation = "leasehold.dev/holder-pod";
inline constexpr std::string_view kHolderPodUidAnnotation = "leasehold.dev/holder-pod-uid";
inline constexpr std::string_view kHolderContainerAnnotation = "leasehold.dev/holder-container-id";
inline constexpr std::string_view kHolderMarkAnnotation = "leasehold.dev/holder-mark";

/// What a mark that is not a hexadecimal number is read as: somebody edited it. It equals no mark
/// that a replica makes, and is not the absence of one.
inline constexpr std::uint64_t kForeignMark = ~std::uint64_t{0};

/// The Lease in `text`, which must be the one named, with a uid and a resourceVersion. Or what is
/// wrong with it, in one line.
[[nodiscard]] Result<Lease, std::string> decode_lease(std::string_view text, const LeaseName& name);
/// The same for a value that was parsed (strictly) already.
[[nodiscard]] Result<Lease, std::string> lease_from_json(nlohmann::json value,
                                                         const LeaseName& name);

/// The body of a POST (neither uid nor resourceVersion) or of a PUT (both; CHECK). An empty holder
/// is written as "", a time that is not there is left out.
[[nodiscard]] std::string encode_lease(const Lease& lease, const LeaseName& name, LeaseVerb verb);

/// A resourceVersion on the wire: a decimal text, not 0.
[[nodiscard]] Result<Version, std::string> decode_version(const nlohmann::json& metadata);

}  // namespace leasehold::agent
