#pragma once

#include <cstdint>
#include <vector>

namespace millrace {

/// Appends bits, each byte from its lowest bit up: what DEFLATE is written with, and zstd's streams that are read from their end.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  /// The lowest `bits` of `value`; 0 ≤ bits ≤ 32.
  void put(std::uint64_t value, int bits) {
    buffer_ |= (value & ((std::uint64_t{1} << bits) - 1)) << count_;
    count_ += bits;
    if (count_ < 32) return;
    const std::uint8_t bytes[] = {static_cast<std::uint8_t>(buffer_), static_cast<std::uint8_t>(buffer_ >> 8), static_cast<std::uint8_t>(buffer_ >> 16),
                                  static_cast<std::uint8_t>(buffer_ >> 24)};
    out_.insert(out_.end(), std::begin(bytes), std::end(bytes));
    buffer_ >>= 32;
    count_ -= 32;
  }
  /// Fills the last byte with zeros. Nothing is written before all is finished.
  void finish() {
    for (; count_ > 0; count_ -= 8, buffer_ >>= 8) out_.push_back(static_cast<std::uint8_t>(buffer_));
    count_ = 0;
    buffer_ = 0;
  }
  /// Bits that the last unfinished byte holds.
  [[nodiscard]] int pending() const noexcept { return count_ & 7; }

 private:
  std::vector<std::uint8_t>& out_;
  std::uint64_t buffer_ = 0;
  int count_ = 0;
};

}  // namespace millrace
