#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "match_finder.h"

namespace millrace {

/// How long a level searches.
struct SearchEffort {
  /// Earlier places looked at for each position.
  int depth;
  /// A match so long is taken without looking further.
  std::size_t niceLength;
  /// Looks whether the next position has a better match before one is taken.
  bool lazy;
};

/// Finds repeated strings with chains of all earlier places that have the same hash: slower than MatchFinder and smaller output.
/// `kMinMatch` is 3 or 4; with `kRepeats` the last two distances are tried first, which zstd writes in next to no bits.
template <std::size_t kMinMatch, bool kRepeats>
class ChainFinder {
 public:
  using Limits = MatchFinder::Limits;

  ChainFinder(ByteView in, std::size_t windowBytes, const SearchEffort& effort)
      : in_(in),
        effort_(effort),
        hashBits_(std::clamp(static_cast<int>(std::bit_width(in.size())), 8, 16)),
        ring_(std::bit_ceil(std::clamp<std::size_t>(in.size(), 1, windowBytes))),
        heads_(std::size_t{1} << hashBits_, 0),
        previous_(ring_, 0) {}

  /// Calls `emit(literalsFrom, literals, length, distance)` for each match in `[start, end)` and returns where the literals after the
  /// last begin. Blocks are given in order.
  template <typename Emit>
  std::size_t run(std::size_t start, std::size_t end, const Limits& limits, Emit&& emit) {
    const std::size_t margin = std::max<std::size_t>(limits.startMargin, sizeof(std::uint32_t));
    std::size_t literals = start;
    std::size_t at = start;
    while (at + margin <= end) {
      Match best = find(at, end, limits, at != literals);
      if (best.length == 0) {
        at += 1 + ((at - literals) >> 8);  // gives up faster in data that does not compress
        continue;
      }
      while (effort_.lazy && best.length < effort_.niceLength && at + 1 + margin <= end) {
        const Match next = find(at + 1, end, limits, true);
        if (next.length == 0 || next.gain <= best.gain + 4) break;
        best = next;
        ++at;
      }
      emit(literals, at - literals, best.length, best.distance);
      if (best.distance != repeats_[0]) {
        repeats_[1] = repeats_[0];
        repeats_[0] = best.distance;
      }
      at += best.length;
      literals = at;
    }
    return literals;
  }

 private:
  struct Match {
    std::size_t length = 0;
    std::size_t distance = 0;
    /// What the match saves, in quarters of a literal.
    int gain = 0;
  };

  [[nodiscard]] std::uint32_t load(std::size_t at) const noexcept {
    std::uint32_t value;
    std::memcpy(&value, in_.data() + at, sizeof value);
    if constexpr (kMinMatch == 3 && std::endian::native == std::endian::little) value <<= 8;
    return value;
  }
  [[nodiscard]] std::size_t commonLength(std::size_t from, std::size_t at, std::size_t longest) const noexcept {
    std::size_t length = 0;
    while (length + 8 <= longest) {
      std::uint64_t a, b;
      std::memcpy(&a, in_.data() + from + length, sizeof a);
      std::memcpy(&b, in_.data() + at + length, sizeof b);
      if (a != b) {
        if constexpr (std::endian::native == std::endian::little) return length + static_cast<std::size_t>(std::countr_zero(a ^ b)) / 8;
        break;
      }
      length += 8;
    }
    while (length < longest && in_[from + length] == in_[at + length]) ++length;
    return length;
  }
  /// `at` + 4 ≤ size of the input.
  std::uint32_t insert(std::size_t at) {
    std::uint32_t& head = heads_[(load(at) * 2654435761u) >> (32 - hashBits_)];
    const std::uint32_t before = head;
    previous_[at & (ring_ - 1)] = before;
    head = static_cast<std::uint32_t>(at + 1);
    return before;
  }

  [[nodiscard]] Match find(std::size_t at, std::size_t end, const Limits& limits, bool afterLiterals) {
    for (; inserted_ < at; ++inserted_) (void)insert(inserted_);
    std::uint32_t candidate = insert(at);
    inserted_ = at + 1;
    const std::size_t longest = std::min(limits.maxLength, end - limits.endMargin - at);
    Match best;
    if constexpr (kRepeats) {
      // Right behind a match the last distance cannot go on: it would have been longer.
      for (std::size_t i = afterLiterals ? 0 : 1; i < 2; ++i) {
        const std::size_t distance = repeats_[i];
        if (distance == 0 || distance > at - limits.historyStart || load(at - distance) != load(at)) continue;
        const std::size_t length = commonLength(at - distance, at, longest);
        const int gain = static_cast<int>(length) * 4 - 1;
        if (length >= kMinMatch && gain > best.gain) best = {length, distance, gain};
      }
      if (best.length >= effort_.niceLength) return best;
    }
    const std::size_t reach = std::min(limits.maxDistance, ring_ - 1);
    const std::size_t low = std::max(limits.historyStart, at > reach ? at - reach : 0);
    std::size_t longestSeen = std::max(best.length, kMinMatch - 1);
    for (int depth = effort_.depth; depth > 0 && candidate > low; --depth, candidate = previous_[(candidate - 1) & (ring_ - 1)]) {
      const std::size_t from = candidate - 1;
      if (longestSeen >= longest) break;
      if (in_[from + longestSeen] != in_[at + longestSeen] || load(from) != load(at)) continue;
      const std::size_t length = commonLength(from, at, longest);
      if (length <= longestSeen) continue;
      longestSeen = length;
      const std::size_t distance = at - from;
      const int gain = static_cast<int>(length) * 4 - static_cast<int>(std::bit_width(distance));
      // Three bytes far away cost more than they save.
      if (gain <= best.gain || (length == 3 && distance > 4096)) continue;
      best = {length, distance, gain};
      if (length >= effort_.niceLength) break;
    }
    return best;
  }

  ByteView in_;
  SearchEffort effort_;
  int hashBits_;
  std::size_t ring_;
  std::vector<std::uint32_t> heads_;     ///< last position with a hash, plus one; 0: none
  std::vector<std::uint32_t> previous_;  ///< the one before each position of the window
  std::size_t inserted_ = 0;             ///< positions below it are in the chains
  std::size_t repeats_[2] = {0, 0};
};

}  // namespace millrace
