#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../codec/codec.h"

namespace millrace {

/// One record of a magic-2 batch, as a view of the (decompressed) bytes.
///
///   varint length, int8 attributes, varlong timestampDelta, varint offsetDelta, varint keyLength, key, varint valueLength, value, headers
struct RecordView {
  std::uint8_t attributes = 0;
  std::int64_t timestampDelta = 0;
  std::int32_t offsetDelta = 0;
  std::optional<ByteView> key;
  bool hasValue = false;
  ByteView value;
  /// keyLength and everything behind it, as it is.
  ByteView rest;
};

/// Walks the records of a batch. Checks lengths, not what headers look like.
class RecordCursor {
 public:
  explicit RecordCursor(ByteView records) : in_(records) {}
  /// False at the end, or when the bytes are no record (`malformed`).
  [[nodiscard]] bool next(RecordView& into);
  [[nodiscard]] bool malformed() const noexcept { return malformed_; }

 private:
  ByteView in_;
  std::size_t at_ = 0;
  bool malformed_ = false;
};

/// Whether what follows the value is a count of headers and exactly so many: a key each, and a value or null.
[[nodiscard]] bool headersWellFormed(const RecordView& record);

/// Appends `record` with other deltas; everything else stays.
void appendRecord(const RecordView& record, std::int64_t timestampDelta, std::vector<std::uint8_t>& out);

}  // namespace millrace
