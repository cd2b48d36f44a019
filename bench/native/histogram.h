#pragma once

// Latencies in nanoseconds, log-linear as in HdrHistogram: 128 buckets for every power of two, so that a value is known to 1/128
// (0.8 %) whatever its size. The buckets are written out in full, so that histograms of rounds and of processes can be added.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

class Histogram {
 public:
  static constexpr int kBits = 7;
  static constexpr std::int64_t kMaxNs = std::int64_t{1} << 42;  // 73 minutes

  void record(std::int64_t ns) {
    const std::int64_t value = std::clamp<std::int64_t>(ns, 0, kMaxNs);
    const std::size_t index = indexOf(static_cast<std::uint64_t>(value));
    if (index >= counts_.size()) counts_.resize(index + 1);
    ++counts_[index];
    ++total_;
    max_ = std::max(max_, value);
  }

  void clear() {
    counts_.clear();
    total_ = 0;
    max_ = 0;
  }

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::int64_t max() const { return max_; }

  /// The upper end of the bucket that holds the quantile; 0 when there is nothing.
  [[nodiscard]] std::int64_t quantile(double q) const {
    const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(q * static_cast<double>(total_) + 0.5));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(max_, upperOf(i));
    }
    return max_;
  }

  /// [[lowest ns of the bucket, count], ...], the buckets that are not empty.
  [[nodiscard]] std::string json() const {
    std::string out = "[";
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      if (out.size() > 1) out += ',';
      out += '[' + std::to_string(lowerOf(i)) + ',' + std::to_string(counts_[i]) + ']';
    }
    return out + "]";
  }

 private:
  static std::size_t indexOf(std::uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - 1 - kBits);
    return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::int64_t lowerOf(std::size_t index) {
    if (index < (std::size_t{2} << kBits)) return static_cast<std::int64_t>(index);
    const std::size_t shift = (index >> kBits) - 1;
    return static_cast<std::int64_t>((index - (shift << kBits)) << shift);
  }
  static std::int64_t upperOf(std::size_t index) { return lowerOf(index + 1) - 1; }

  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace bench
