#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../codec/codec.h"
#include "segment.h"

namespace millrace {

/// Walks the batches of a file in order, their bytes included, with few large reads: for work that looks at all of them.
class BatchReader {
 public:
  BatchReader(const File& file, std::int64_t from, std::int64_t end) : file_(file), position_(from), end_(end) {}

  /// Next whole batch before `end`; nullopt when there is none (also when the bytes there are no batch).
  [[nodiscard]] Result<std::optional<LocatedBatch>> next();
  /// All bytes of the batch that `next` gave last. Fewer than its size when the file ends early. Valid until the next call.
  [[nodiscard]] Result<ByteView> bytes();
  /// Where the next batch would begin: after a nullopt the first byte that belongs to none.
  [[nodiscard]] std::int64_t position() const noexcept { return position_; }

 private:
  static constexpr std::int64_t kWindowBytes = 1 << 20;
  Status fill(std::int64_t from, std::int64_t size);

  const File& file_;
  std::int64_t position_;
  std::int64_t end_;
  LocatedBatch last_;
  std::vector<std::uint8_t> window_;
  std::int64_t windowFrom_ = 0;
  std::int64_t windowSize_ = 0;
};

}  // namespace millrace
