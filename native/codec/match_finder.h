#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "codec.h"

namespace millrace {

/// Finds repeated strings for snappy and lz4: greedy, one candidate for each hash of four bytes. Input below 4 GiB.
class MatchFinder {
 public:
  static constexpr std::size_t kMinMatch = 4;

  explicit MatchFinder(ByteView in) : in_(in), table_(std::size_t{1} << kHashBits, 0) {}

  /// Where matches may lie in the block `[start, end)`.
  struct Limits {
    std::size_t maxDistance;
    /// Matches reach back to here at most.
    std::size_t historyStart;
    /// A match begins at least so many bytes before the end ...
    std::size_t startMargin;
    /// ... and stops at least so many before it.
    std::size_t endMargin;
    std::size_t maxLength;
  };

  /// Calls `emit(literalsFrom, literals, length, distance)` for each match and returns where the literals after the last begin.
  template <typename Emit>
  std::size_t run(std::size_t start, std::size_t end, const Limits& limits, Emit&& emit) {
    std::size_t literals = start;
    std::size_t at = start;
    std::size_t misses = 0;
    while (at + limits.startMargin <= end && at + kMinMatch <= end) {
      const std::uint32_t four = load(at);
      std::uint32_t& slot = table_[(four * 2654435761u) >> (32 - kHashBits)];
      const std::size_t candidate = slot;  // position + 1; 0 is none
      slot = static_cast<std::uint32_t>(at + 1);
      if (candidate <= limits.historyStart || at + 1 - candidate > limits.maxDistance || load(candidate - 1) != four) {
        at += 1 + (misses >> 6);  // gives up faster in data that does not compress
        ++misses;
        continue;
      }
      misses = 0;
      const std::size_t from = candidate - 1;
      const std::size_t longest = std::min(limits.maxLength, end - limits.endMargin - at);
      std::size_t length = kMinMatch;
      while (length < longest && in_[from + length] == in_[at + length]) ++length;
      emit(literals, at - literals, length, at - from);
      at += length;
      literals = at;
    }
    return literals;
  }

 private:
  static constexpr int kHashBits = 14;
  [[nodiscard]] std::uint32_t load(std::size_t at) const noexcept {
    std::uint32_t value;
    std::memcpy(&value, in_.data() + at, sizeof value);
    return value;
  }

  ByteView in_;
  std::vector<std::uint32_t> table_;
};

}  // namespace millrace
