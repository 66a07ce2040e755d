// The fenced object's header and the plain object's metadata: encode and decode a Stamp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/protocol/object.hpp"

namespace leasehold {

/// Bytes of an encoded header. A driver hands the model this many first bytes of a got object
/// that starts with kHeaderMagic as ObjectBody::head, and the rest as its payload.
inline constexpr std::size_t kHeaderSize = 72;
inline constexpr std::string_view kHeaderMagic = "LSHOLD\x1a\n";

/// The header: magic, version, flags, epoch, writer, write id, length, digest, checksum;
/// little-endian.
[[nodiscard]] std::string encode_header(const Stamp& stamp);
/// The stamp, or nothing when the bytes are not a header that this version understands.
[[nodiscard]] std::optional<Stamp> decode_header(std::string_view head);

/// The value of the user metadata field `leasehold` of a plain object.
[[nodiscard]] std::string encode_metadata(const Stamp& stamp);
[[nodiscard]] std::optional<Stamp> decode_metadata(std::string_view text);

/// What the object's header or metadata says, whether or not the payload fits it; nothing when
/// there is none that can be read, or its epoch lies above 2^63.
[[nodiscard]] std::optional<Stamp> written_stamp(const ObjectBody& body);

/// An object's stamp as found: that of its header or metadata; without either, a plain object of
/// epoch 0 whose length and digest are the payload's. Nothing when it has a damaged one or the
/// payload is not what the stamp says: corrupt.
[[nodiscard]] std::optional<Stamp> stamp_of(const ObjectBody& body);

}  // namespace leasehold
