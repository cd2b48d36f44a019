#pragma once

// End to end: a batch's intended send time is known by the producer, the time it was in a consumer's hands by the consumer; both know its
// partition and offset. Either side may come first. All batches have the same number of records and the topic begins empty, so the offset
// gives the batch's number.

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace bench {

class Join {
 public:
  Join(int partitions, int recordsPerBatch) : parts_(static_cast<std::size_t>(partitions)), records_(recordsPerBatch) {}

  /// The latency, when the other side has been here.
  std::optional<std::int64_t> sent(std::int32_t partition, std::int64_t baseOffset, std::int64_t intendedNs) {
    return put(partition, baseOffset, intendedNs, &Pair::intendedNs);
  }
  std::optional<std::int64_t> seen(std::int32_t partition, std::int64_t baseOffset, std::int64_t ns) { return put(partition, baseOffset, ns, &Pair::seenNs); }

  [[nodiscard]] std::uint64_t pending() const { return pending_; }

 private:
  struct Pair {
    std::int64_t intendedNs = 0;
    std::int64_t seenNs = 0;
  };
  struct Part {
    std::deque<Pair> pairs;
    std::int64_t first = 0;  // number of the batch at the front
  };

  std::optional<std::int64_t> put(std::int32_t partition, std::int64_t baseOffset, std::int64_t ns, std::int64_t Pair::* side) {
    Part& part = parts_[static_cast<std::size_t>(partition)];
    const auto at = static_cast<std::size_t>(baseOffset / records_ - part.first);
    if (at >= part.pairs.size()) part.pairs.resize(at + 1);
    Pair& pair = part.pairs[at];
    pair.*side = ns;
    if (pair.intendedNs == 0 || pair.seenNs == 0) {
      ++pending_;
      return std::nullopt;
    }
    --pending_;
    const std::int64_t latency = pair.seenNs - pair.intendedNs;
    while (!part.pairs.empty() && part.pairs.front().intendedNs != 0 && part.pairs.front().seenNs != 0) {
      part.pairs.pop_front();
      ++part.first;
    }
    return latency;
  }

  std::vector<Part> parts_;
  std::int64_t records_;
  std::uint64_t pending_ = 0;
};

}  // namespace bench
