#include "repeated_fetch.h"

#include <algorithm>
#include <cstring>

#include "../base/bytes.h"

namespace millrace {

bool RepeatedFetch::valid() const noexcept {
  if (terms_.request.size() < 8 || terms_.response.size() < 8 || terms_.partitions.empty()) return false;
  std::size_t inRequest = 8;
  std::size_t inResponse = 8;
  for (const Partition& partition : terms_.partitions) {
    if (partition.offsetAt < inRequest || partition.numbersAt < inResponse || partition.lengthAt < partition.numbersAt + kNumbersBytes) return false;
    inRequest = partition.offsetAt + 8;
    inResponse = partition.lengthAt + emptyLengthBytes();
  }
  return inRequest <= terms_.request.size() && inResponse <= terms_.response.size();
}

bool RepeatedFetch::matches(std::span<const std::uint8_t> frame) const noexcept {
  const std::vector<std::uint8_t>& request = terms_.request;
  if (frame.size() != request.size() || std::memcmp(frame.data(), request.data(), kCorrelationAt) != 0) return false;
  std::size_t from = kCorrelationAt + 4;
  for (const Partition& partition : terms_.partitions) {
    if (std::memcmp(frame.data() + from, request.data() + from, partition.offsetAt - from) != 0) return false;
    from = partition.offsetAt + 8;
  }
  return std::memcmp(frame.data() + from, request.data() + from, request.size() - from) == 0;
}

bool RepeatedFetch::answer(std::span<const std::uint8_t> frame) {
  if (!find(frame)) {
    giveUp();
    return false;
  }
  encode(frame);
  return true;
}

/// As the handler of Fetch reads: each partition gets what the ones before it left.
bool RepeatedFetch::find(std::span<const std::uint8_t> frame) {
  std::int64_t left = terms_.maxBytes;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const Partition& partition = terms_.partitions[i];
    const auto offset = loadBe<std::int64_t>(frame.data() + partition.offsetAt);
    const std::int64_t limit = std::max<std::int64_t>(0, std::min(partition.maxBytes, left));
    found_[i] = {};
    if (!partition.records->read(offset, limit, sum == 0, terms_.readsCommitted, found_[i])) return false;
    const auto size = static_cast<std::int64_t>(found_[i].region.sizeBytes);
    left -= size;
    sum += size;
  }
  return sum > 0 && sum >= terms_.minBytes;
}

void RepeatedFetch::giveUp() noexcept {
  for (Found& found : found_) found = {};
}

void RepeatedFetch::encode(std::span<const std::uint8_t> frame) {
  const std::vector<std::uint8_t>& response = terms_.response;
  out_.clear();
  std::size_t from = 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const Partition& partition = terms_.partitions[i];
    const std::size_t numbersAt = out_.size() + partition.numbersAt - from;
    out_.insert(out_.end(), response.begin() + static_cast<std::ptrdiff_t>(from), response.begin() + static_cast<std::ptrdiff_t>(partition.lengthAt));
    storeBe<std::int64_t>(out_.data() + numbersAt, found_[i].highWatermark);
    storeBe<std::int64_t>(out_.data() + numbersAt + 8, found_[i].highWatermark);
    storeBe<std::int64_t>(out_.data() + numbersAt + 16, found_[i].logStartOffset);
    putLength(found_[i].region.sizeBytes);
    cuts_[i] = out_.size();
    from = partition.lengthAt + emptyLengthBytes();
    sum += found_[i].region.sizeBytes;
  }
  out_.insert(out_.end(), response.begin() + static_cast<std::ptrdiff_t>(from), response.end());
  storeBe<std::uint32_t>(out_.data(), static_cast<std::uint32_t>(out_.size() - 4 + sum));
  std::memcpy(out_.data() + 4, frame.data() + kCorrelationAt, 4);
}

void RepeatedFetch::putLength(std::uint64_t bytes) {
  if (!terms_.compactLengths) {
    out_.resize(out_.size() + 4);
    storeBe<std::uint32_t>(out_.data() + out_.size() - 4, static_cast<std::uint32_t>(bytes));
    return;
  }
  std::uint64_t rest = bytes + 1;
  for (; rest >= 0x80; rest >>= 7) out_.push_back(static_cast<std::uint8_t>(rest | 0x80));
  out_.push_back(static_cast<std::uint8_t>(rest));
}

}  // namespace millrace
