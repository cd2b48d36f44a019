#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../io/file_region.h"
#include "egress_ledger.h"

namespace millrace {

/// A Fetch that its connection has sent before, but for the correlation id and the offsets it asks for. JavaScript decided what it is
/// answered and said it in terms of bytes; while all of that holds it is answered the same way again. Where anything could be different
/// (an offset without records, less than was asked for, a read that fails or would wait) it is JavaScript's again. Loop thread only.
class RepeatedFetch {
 public:
  /// What one partition gives.
  struct Found {
    FileRegion region;  ///< no file: nothing
    std::int64_t highWatermark = 0;
    std::int64_t logStartOffset = 0;
    std::uint32_t account = EgressTable::kOther;  ///< of its topic
  };

  /// Where the records of a partition are.
  class Records {
   public:
    virtual ~Records() = default;
    /// At most `limitBytes`, but one whole batch if `first`; never waits for the medium. `found` is empty. False: JavaScript decides.
    [[nodiscard]] virtual bool read(std::int64_t offset, std::int64_t limitBytes, bool first, bool committed, Found& found) = 0;
  };

  struct Partition {
    std::unique_ptr<Records> records;
    std::int64_t maxBytes = 0;
    std::size_t offsetAt = 0;   ///< of its fetch offset in the request
    std::size_t numbersAt = 0;  ///< of its high watermark, last stable and log start offset in the response
    std::size_t lengthAt = 0;   ///< of the length of its records there
  };

  struct Terms {
    std::vector<std::uint8_t> request;   ///< without its length prefix
    std::vector<std::uint8_t> response;  ///< with it; no partition has records
    std::vector<Partition> partitions;   ///< in the order of both
    std::int64_t maxBytes = 0;
    std::int64_t minBytes = 0;
    bool readsCommitted = false;
    bool compactLengths = false;  ///< lengths of records are varints, one more than they are; else four bytes
    std::uint64_t epoch = 0;      ///< `NetworkLimits::decisions` when they were made
  };

  explicit RepeatedFetch(Terms terms) : terms_(std::move(terms)), found_(terms_.partitions.size()), cuts_(terms_.partitions.size()) {}

  /// Whether every position lies where it may.
  [[nodiscard]] bool valid() const noexcept;
  [[nodiscard]] std::uint64_t epoch() const noexcept { return terms_.epoch; }
  [[nodiscard]] bool matches(std::span<const std::uint8_t> frame) const noexcept;
  /// False: JavaScript is to answer this one, and nothing has happened. Else `bytes` is the answer, with the regions of `found` that have a
  /// file each before the byte that `cuts` says.
  [[nodiscard]] bool answer(std::span<const std::uint8_t> frame);

  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return out_; }
  [[nodiscard]] std::vector<Found>& found() noexcept { return found_; }
  [[nodiscard]] const std::vector<std::size_t>& cuts() const noexcept { return cuts_; }

 private:
  static constexpr std::size_t kCorrelationAt = 4;
  static constexpr std::size_t kNumbersBytes = 24;

  [[nodiscard]] std::size_t emptyLengthBytes() const noexcept { return terms_.compactLengths ? 1 : 4; }
  [[nodiscard]] bool find(std::span<const std::uint8_t> frame);
  void encode(std::span<const std::uint8_t> frame);
  void putLength(std::uint64_t bytes);
  void giveUp() noexcept;

  Terms terms_;
  std::vector<std::uint8_t> out_;
  std::vector<Found> found_;
  std::vector<std::size_t> cuts_;
};

}  // namespace millrace
