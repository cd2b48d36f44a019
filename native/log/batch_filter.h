#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "../base/result.h"
#include "batch.h"
#include "cleaned_transactions.h"
#include "offset_map.h"
#include "records.h"

namespace millrace {

/// What one batch may decompress to; larger ones are not cleaned (Produce refuses them on compacted topics).
inline constexpr std::size_t kMaxDecompressedBytes = 128u << 20;

/// The last thing an active producer wrote: its batch is kept (without records when they are all superseded), so that the
/// producer's epoch and sequence can be read from the log again.
struct ProducerTail {
  std::int64_t producerId = -1;
  /// Last offset of its last data batch; -1 when only a marker is known.
  std::int64_t lastDataOffset = -1;
  std::int16_t epoch = -1;
};

/// Checks a batch's CRC and opens its records. `scratch` holds them when they were compressed.
[[nodiscard]] Result<ByteView> openRecords(const std::uint8_t* batch, const BatchHeader& header, std::vector<std::uint8_t>& scratch);

/// Decides record by record what of a log survives a cleaning round, by the rules of Kafka's cleaner, and writes what does. Offsets
/// never change; a batch keeps its base offset, last offset, producer, sequence and codec. One round goes through a log from its
/// beginning to the round's end, in order.
class BatchFilter {
 public:
  struct Rules {
    /// Records above it were not looked at when the map was made; they all stay.
    std::int64_t latestMappedOffset = -1;
    /// First offset behind the round; the batch that ends there stays, if only as an empty one, so that the log's end is known.
    std::int64_t roundEndOffset = 0;
    std::int64_t nowMs = 0;
    std::int64_t deleteRetentionMs = 0;
  };
  struct Outcome {
    std::int64_t recordsRead = 0;
    std::int64_t recordsKept = 0;
    /// Size of what was appended to the output; 0: nothing of the batch is left.
    std::int64_t bytesKept = 0;
  };

  BatchFilter(const OffsetMap& map, const std::vector<ProducerTail>& producers, const Rules& rules, CleanedTransactions transactions);

  /// Appends what is left of the batch to `out`. kCorrupt when the batch cannot be read.
  [[nodiscard]] Result<Outcome> filter(const std::uint8_t* batch, const BatchHeader& header, std::vector<std::uint8_t>& out);
  /// Aborted transactions whose markers were kept for their records' sake since it was last asked.
  [[nodiscard]] std::vector<AbortedTransaction> takeRetained() noexcept { return transactions_.takeRetained(); }

 private:
  enum class Retention { kDelete, kDeleteEmpty, kRetainEmpty };
  struct Kept {
    RecordView record;
    std::int64_t timestampMs;
  };

  [[nodiscard]] Retention retentionOf(const BatchHeader& header, bool discard) const;
  [[nodiscard]] bool retains(const BatchHeader& header, const RecordView& record) const;
  void rewrite(const BatchHeader& header, std::int64_t deleteHorizonMs, std::vector<std::uint8_t>& out);

  const OffsetMap& map_;
  std::unordered_map<std::int64_t, ProducerTail> producers_;
  Rules rules_;
  CleanedTransactions transactions_;
  std::vector<std::uint8_t> plain_;
  std::vector<std::uint8_t> rewritten_;
  std::vector<Kept> kept_;
};

}  // namespace millrace
