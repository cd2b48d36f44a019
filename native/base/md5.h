#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace {

/// MD5 (RFC 1321). Not for secrets: it names keys in the cleaner's map, where Kafka uses it too.
[[nodiscard]] std::array<std::uint8_t, 16> md5(const std::uint8_t* bytes, std::size_t size) noexcept;

}  // namespace millrace
