#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace millrace {

// Big-endian loads and stores at any alignment: Kafka's wire and file formats are big-endian throughout.

template <typename T>
[[nodiscard]] inline T swapped(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
}

template <typename T>
[[nodiscard]] inline T loadBe(const std::uint8_t* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return swapped(value);
}

template <typename T>
inline void storeBe(std::uint8_t* at, T value) noexcept {
  value = swapped(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace millrace
