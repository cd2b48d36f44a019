#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../native/harness.h"

/// Changes `bytes` as files and attackers do: bits, bytes, lengths, pieces gone, doubled or taken from `other`.
inline void mutate(std::vector<std::uint8_t>& bytes, const std::vector<std::uint8_t>& other, harness::Random& random) {
  static constexpr std::int64_t kNumbers[] = {0, 1, -1, 2, 127, 128, 255, 256, 32767, -32768, 65535, 2147483647, -2147483648LL, INT64_MAX, INT64_MIN};
  constexpr std::size_t kMostBytes = 1 << 16;
  const auto place = [&](std::size_t size) { return static_cast<std::ptrdiff_t>(random.below(size + 1)); };
  for (auto count = 1 + random.below(4); count > 0; --count) {
    const auto kind = random.below(8);
    if (bytes.empty() || kind == 0) {
      bytes.insert(bytes.begin() + place(bytes.size()), 1 + random.below(8), static_cast<std::uint8_t>(random.below(256)));
      continue;
    }
    const std::size_t at = random.below(bytes.size());
    if (kind == 1) bytes[at] ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (kind == 2) bytes[at] = static_cast<std::uint8_t>(random.below(256));
    if (kind == 3) bytes.resize(at);
    if (kind == 4) bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), at + 1 + random.below(64))));
    if (kind == 5) {
      // A number of 1 to 8 bytes, big- or little-endian.
      const std::uint64_t number = static_cast<std::uint64_t>(kNumbers[random.below(std::size(kNumbers))]) + random.below(3) - 1;  // wraps
      const std::size_t width = std::size_t{1} << random.below(4);
      const bool big = random.below(2) == 0;
      for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i)
        bytes[at + i] = static_cast<std::uint8_t>(number >> (8 * (big ? width - 1 - i : i)));
    }
    if (kind == 6 && bytes.size() < kMostBytes) {
      const std::vector<std::uint8_t> piece(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), at + 1 + random.below(256))));
      bytes.insert(bytes.begin() + place(bytes.size()), piece.begin(), piece.end());
    }
    if (kind == 7 && !other.empty() && bytes.size() < kMostBytes) {
      const std::size_t from = random.below(other.size());
      bytes.resize(at);
      bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
    }
  }
}
