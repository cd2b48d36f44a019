#include "batch.h"

#include "../base/crc32c.h"

namespace millrace {

BatchStatus inspectBatch(const std::uint8_t* bytes, std::size_t size, BatchHeader& header) noexcept {
  header = BatchHeader{};
  if (size == 0) return BatchStatus::kEmpty;
  if (size < batch::kMagicAt + 1) return BatchStatus::kTooShort;
  header.magic = static_cast<std::int8_t>(bytes[batch::kMagicAt]);
  if (header.magic != batch::kMagic) return BatchStatus::kUnsupportedMagic;
  if (size < batch::kHeaderBytes) return BatchStatus::kTooShort;
  header = BatchHeader::load(bytes);
  if (header.sizeBytes < static_cast<std::int64_t>(batch::kHeaderBytes) || header.sizeBytes > static_cast<std::int64_t>(size))
    return BatchStatus::kTooShort;
  if (header.sizeBytes < static_cast<std::int64_t>(size)) return BatchStatus::kMoreThanOne;
  if (crc32c(bytes + batch::kAttributesAt, size - batch::kAttributesAt) != header.crc) return BatchStatus::kBadCrc;
  if ((header.attributes & 7) > 4) return BatchStatus::kBadCodec;
  // A producer numbers its records without gaps, so the last delta is the count minus one.
  if (header.recordCount <= 0 || header.lastOffsetDelta != header.recordCount - 1) return BatchStatus::kBadOffsets;
  return BatchStatus::kOk;
}

void stampLogAppendTime(std::uint8_t* bytes, std::size_t size, std::int64_t appendTimeMs) noexcept {
  const auto attributes = static_cast<std::int16_t>(loadBe<std::int16_t>(bytes + batch::kAttributesAt) | batch::kTimestampTypeBit);
  storeBe<std::int16_t>(bytes + batch::kAttributesAt, attributes);
  storeBe<std::int64_t>(bytes + batch::kMaxTimestampAt, appendTimeMs);
  storeBe<std::uint32_t>(bytes + batch::kCrcAt, crc32c(bytes + batch::kAttributesAt, size - batch::kAttributesAt));
}

bool plausible(const BatchHeader& header) noexcept {
  return header.magic == batch::kMagic && header.sizeBytes >= static_cast<std::int64_t>(batch::kHeaderBytes) && header.baseOffset >= 0 &&
         header.baseOffset < INT64_MAX - INT32_MAX && header.lastOffsetDelta >= 0 && header.recordCount >= 0 && (header.attributes & 7) <= 4;
}

}  // namespace millrace
