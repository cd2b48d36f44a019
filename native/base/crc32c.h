#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

/// CRC-32C (Castagnoli) of `size` bytes, continuing from `seed` (0 to begin). Uses the CPU's instruction where there is one.
[[nodiscard]] std::uint32_t crc32c(const std::uint8_t* data, std::size_t size, std::uint32_t seed = 0) noexcept;

/// The portable version, for machines without the instruction and as the oracle of the tests.
[[nodiscard]] std::uint32_t crc32cPortable(const std::uint8_t* data, std::size_t size, std::uint32_t seed = 0) noexcept;

}  // namespace millrace
