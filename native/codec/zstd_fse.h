#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "codec.h"

namespace millrace::zstd {

// What RFC 8878 calls FSE (finite state entropy): tables of at most 512 states, and the bit stream that is read from its end.

inline constexpr int kMaxAccuracyLog = 9;

struct FseTable {
  struct State {
    std::uint8_t symbol = 0;
    std::uint8_t bits = 0;
    std::uint16_t baseline = 0;
  };
  int accuracyLog = 0;
  std::array<State, 1 << kMaxAccuracyLog> states{};
};

/// Which symbol belongs to which state. `frequencies` add up to `1 << accuracyLog`, -1 counting as 1. False when they do not.
[[nodiscard]] bool spreadSymbols(std::span<const std::int16_t> frequencies, int accuracyLog, std::span<std::uint8_t> symbols);
[[nodiscard]] bool buildTable(std::span<const std::int16_t> frequencies, int accuracyLog, FseTable& table);
/// A table of one symbol that takes no bits.
void buildSingle(std::uint8_t symbol, FseTable& table);
/// Reads a table's description at `at`, which moves behind it. False when malformed.
[[nodiscard]] bool readTable(ByteView in, std::size_t& at, int maxAccuracyLog, std::size_t maxSymbol, FseTable& table);

/// Reads from the last byte's highest set bit down. Bits that are not there are zeros, and `left` becomes negative.
class BackwardBits {
 public:
  /// False when there is no end mark.
  [[nodiscard]] bool open(ByteView in);
  [[nodiscard]] std::uint64_t peek(int count) const noexcept;
  std::uint64_t read(int count) noexcept {
    const std::uint64_t value = peek(count);
    left_ -= count;
    return value;
  }
  void skip(int count) noexcept { left_ -= count; }
  [[nodiscard]] std::int64_t left() const noexcept { return left_; }

 private:
  ByteView in_;
  std::int64_t left_ = 0;
};

inline constexpr std::array<std::int16_t, 36> kLiteralLengthFrequencies = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
                                                                           2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
inline constexpr std::array<std::int16_t, 29> kOffsetFrequencies = {1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1};
inline constexpr std::array<std::int16_t, 53> kMatchLengthFrequencies = {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1,  1, 1,
                                                                         1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
inline constexpr std::array<std::uint8_t, 36> kLiteralLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0,  1,  1,
                                                                    1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
inline constexpr std::array<std::uint8_t, 53> kMatchLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0,  0,  0,  0,  0,  0, 0,
                                                                  0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
/// The least value of each code: the codes follow each other without gaps.
template <std::size_t N>
[[nodiscard]] constexpr std::array<std::uint32_t, N> basesOf(std::uint32_t first, const std::array<std::uint8_t, N>& bits) {
  std::array<std::uint32_t, N> bases{};
  for (std::size_t i = 0; i < N; ++i) {
    bases[i] = first;
    first += std::uint32_t{1} << bits[i];
  }
  return bases;
}
inline constexpr auto kLiteralLengthBases = basesOf(0, kLiteralLengthBits);
inline constexpr auto kMatchLengthBases = basesOf(3, kMatchLengthBits);
inline constexpr int kLiteralLengthLog = 6;
inline constexpr int kOffsetLog = 5;
inline constexpr int kMatchLengthLog = 6;
inline constexpr std::uint32_t kFrameMagic = 0xfd2fb528;
inline constexpr std::size_t kMaxBlockBytes = 128 * 1024;

}  // namespace millrace::zstd
