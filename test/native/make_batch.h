#pragma once

#include <cstdint>
#include <vector>

#include "../../native/base/bytes.h"
#include "../../native/base/crc32c.h"
#include "../../native/log/batch.h"

/// A valid batch of `count` opaque records with `payload` bytes behind the header.
inline std::vector<std::uint8_t> makeBatch(std::int32_t count, std::size_t payload, std::int64_t timestampMs = 1000, std::uint8_t fill = 7) {
  using namespace millrace;
  std::vector<std::uint8_t> bytes(batch::kHeaderBytes + payload, fill);
  storeBe<std::int64_t>(bytes.data(), 0);
  storeBe<std::int32_t>(bytes.data() + batch::kLengthAt, static_cast<std::int32_t>(bytes.size() - batch::kOverheadBytes));
  storeBe<std::int32_t>(bytes.data() + batch::kLeaderEpochAt, -1);
  bytes[batch::kMagicAt] = 2;
  storeBe<std::int16_t>(bytes.data() + batch::kAttributesAt, 0);
  storeBe<std::int32_t>(bytes.data() + batch::kLastOffsetDeltaAt, count - 1);
  storeBe<std::int64_t>(bytes.data() + batch::kBaseTimestampAt, timestampMs);
  storeBe<std::int64_t>(bytes.data() + batch::kMaxTimestampAt, timestampMs);
  storeBe<std::int64_t>(bytes.data() + batch::kProducerIdAt, -1);
  storeBe<std::int16_t>(bytes.data() + batch::kProducerEpochAt, -1);
  storeBe<std::int32_t>(bytes.data() + batch::kBaseSequenceAt, -1);
  storeBe<std::int32_t>(bytes.data() + batch::kRecordCountAt, count);
  storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
  return bytes;
}
