#pragma once

#include <cstddef>
#include <cstdint>

#include "../base/bytes.h"

namespace millrace {

// Record batch, magic 2 (Kafka's DefaultRecordBatch):
//
//   0  int64  baseOffset            patched by the leader, before the CRC's range
//   8  int32  batchLength           bytes after this field
//  12  int32  partitionLeaderEpoch  patched by the leader, before the CRC's range
//  16  int8   magic                 2
//  17  uint32 crc                   CRC-32C of everything from attributes on
//  21  int16  attributes            bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
//  23  int32  lastOffsetDelta
//  27  int64  baseTimestamp
//  35  int64  maxTimestamp
//  43  int64  producerId
//  51  int16  producerEpoch
//  53  int32  baseSequence
//  57  int32  recordCount
//  61  records
namespace batch {
inline constexpr std::size_t kLengthAt = 8;
inline constexpr std::size_t kLeaderEpochAt = 12;
inline constexpr std::size_t kMagicAt = 16;
inline constexpr std::size_t kCrcAt = 17;
inline constexpr std::size_t kAttributesAt = 21;
inline constexpr std::size_t kLastOffsetDeltaAt = 23;
inline constexpr std::size_t kBaseTimestampAt = 27;
inline constexpr std::size_t kMaxTimestampAt = 35;
inline constexpr std::size_t kProducerIdAt = 43;
inline constexpr std::size_t kProducerEpochAt = 51;
inline constexpr std::size_t kBaseSequenceAt = 53;
inline constexpr std::size_t kRecordCountAt = 57;
inline constexpr std::size_t kHeaderBytes = 61;
/// baseOffset and batchLength, which every magic has.
inline constexpr std::size_t kOverheadBytes = 12;
inline constexpr std::int8_t kMagic = 2;
inline constexpr std::int16_t kTimestampTypeBit = 1 << 3;
static_assert(kCrcAt == kMagicAt + 1 && kAttributesAt == kCrcAt + 4 && kHeaderBytes == kRecordCountAt + 4);
}  // namespace batch

/// The header of one batch, in host order.
struct BatchHeader {
  std::int64_t baseOffset = 0;
  std::int64_t sizeBytes = 0;  ///< whole batch, the first 12 bytes included
  std::int32_t leaderEpoch = 0;
  std::int8_t magic = 0;
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t lastOffsetDelta = 0;
  std::int64_t baseTimestampMs = 0;
  std::int64_t maxTimestampMs = 0;
  std::int64_t producerId = 0;
  std::int16_t producerEpoch = 0;
  std::int32_t baseSequence = 0;
  std::int32_t recordCount = 0;

  [[nodiscard]] std::int64_t lastOffset() const noexcept { return baseOffset + lastOffsetDelta; }

  /// `at` holds kHeaderBytes.
  [[nodiscard]] static BatchHeader load(const std::uint8_t* at) noexcept {
    BatchHeader header;
    header.baseOffset = loadBe<std::int64_t>(at);
    header.sizeBytes = static_cast<std::int64_t>(loadBe<std::int32_t>(at + batch::kLengthAt)) + static_cast<std::int64_t>(batch::kOverheadBytes);
    header.leaderEpoch = loadBe<std::int32_t>(at + batch::kLeaderEpochAt);
    header.magic = static_cast<std::int8_t>(at[batch::kMagicAt]);
    header.crc = loadBe<std::uint32_t>(at + batch::kCrcAt);
    header.attributes = loadBe<std::int16_t>(at + batch::kAttributesAt);
    header.lastOffsetDelta = loadBe<std::int32_t>(at + batch::kLastOffsetDeltaAt);
    header.baseTimestampMs = loadBe<std::int64_t>(at + batch::kBaseTimestampAt);
    header.maxTimestampMs = loadBe<std::int64_t>(at + batch::kMaxTimestampAt);
    header.producerId = loadBe<std::int64_t>(at + batch::kProducerIdAt);
    header.producerEpoch = loadBe<std::int16_t>(at + batch::kProducerEpochAt);
    header.baseSequence = loadBe<std::int32_t>(at + batch::kBaseSequenceAt);
    header.recordCount = loadBe<std::int32_t>(at + batch::kRecordCountAt);
    return header;
  }
};

/// Why a batch is refused. The order is known to `storage/native_log.ts`.
enum class BatchStatus : std::uint8_t { kOk, kEmpty, kTooShort, kMoreThanOne, kUnsupportedMagic, kBadCrc, kBadOffsets, kBadCodec };

/// Checks that `bytes` is exactly one magic-2 batch with a valid CRC and consistent counts, and loads its header. For an
/// unsupported magic `header.magic` tells which. Cost: one CRC pass over the bytes.
[[nodiscard]] BatchStatus inspectBatch(const std::uint8_t* bytes, std::size_t size, BatchHeader& header) noexcept;

/// For message.timestamp.type=LogAppendTime: sets the timestamp type and the max timestamp, and makes the CRC anew.
void stampLogAppendTime(std::uint8_t* bytes, std::size_t size, std::int64_t appendTimeMs) noexcept;

/// Whether the bytes can be the start of a batch: sizes, magic and counts make sense. No CRC.
[[nodiscard]] bool plausible(const BatchHeader& header) noexcept;

}  // namespace millrace
