#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "../codec/codec.h"
#include "batch.h"

namespace millrace {

struct RebuildOptions {
  /// What the records are to be stored in; the batch's own: they are only looked at.
  Codec codec = Codec::kNone;
  int level = 0;
  /// A record without a key is a fault (compacted topics).
  bool keysNeeded = false;
  /// So is one with a timestamp outside, but for those without any (-1).
  std::int64_t earliestMs = std::numeric_limits<std::int64_t>::min();
  std::int64_t latestMs = std::numeric_limits<std::int64_t>::max();
};

/// Why a record is refused.
struct RecordFault {
  enum class Kind : std::uint8_t { kNoKey, kTimestamp };
  std::int32_t index = 0;
  Kind kind = Kind::kNoKey;
  std::int64_t timestampMs = 0;
};

/// The order is known to `storage/native_rebuild.ts`.
enum class RebuildStatus : std::uint8_t { kOk, kUndecodable, kMalformed, kTooLarge };

struct RebuiltBatch {
  RebuildStatus status = RebuildStatus::kOk;
  /// Of kOk: not empty when the batch is refused; the first thousand.
  std::vector<RecordFault> faults;
  /// The batch to append in its place; empty when it can be stored as it is.
  std::vector<std::uint8_t> bytes;
};

/// Looks at every record of a client's batch as Kafka's LogValidator does, and builds the batch anew where the topic's codec is
/// another one: offset deltas from 0, timestamps relative to the first record's, no attributes, create time. Producer, epoch and sequence stay; base offset and leader epoch are the append's. `inspectBatch` accepted the batch.
/// Cost: decompression, two passes, compression; up to 128 MiB for the records, twice.
[[nodiscard]] RebuiltBatch rebuildBatch(const std::uint8_t* batch, const BatchHeader& header, const RebuildOptions& options);

}  // namespace millrace
