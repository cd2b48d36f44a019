#include "batch_filter.h"

#include <algorithm>

#include "../base/crc32c.h"
#include "transaction_marker.h"

namespace millrace {
namespace {

constexpr std::int16_t kCodecBits = 7;
constexpr std::int16_t kDeleteHorizonBit = 1 << 6;
constexpr std::int64_t kNoTimestamp = -1;

bool isAppendTime(const BatchHeader& header) { return (header.attributes & batch::kTimestampTypeBit) != 0; }
bool hasDeleteHorizon(const BatchHeader& header) { return (header.attributes & kDeleteHorizonBit) != 0; }

// Timestamps are what producers say: like Kafka's, they wrap.
std::int64_t plus(std::int64_t a, std::int64_t b) { return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b)); }
std::int64_t minus(std::int64_t a, std::int64_t b) { return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b)); }

Error corrupt(const BatchHeader& header, const char* what) {
  return Error{Error::Kind::kCorrupt, "clean", "batch at offset " + std::to_string(header.baseOffset), 0, what};
}

/// Length, attributes, timestamps, count and CRC of the batch that begins at `at` in `out`; the rest is the old header's.
void finishHeader(std::vector<std::uint8_t>& out, std::size_t at, std::int16_t attributes, std::int64_t baseTimestampMs, std::int64_t maxTimestampMs,
                  std::int32_t recordCount) {
  std::uint8_t* const batch = out.data() + at;
  const std::size_t size = out.size() - at;
  storeBe<std::int32_t>(batch + batch::kLengthAt, static_cast<std::int32_t>(size - batch::kOverheadBytes));
  storeBe<std::int16_t>(batch + batch::kAttributesAt, attributes);
  storeBe<std::int64_t>(batch + batch::kBaseTimestampAt, baseTimestampMs);
  storeBe<std::int64_t>(batch + batch::kMaxTimestampAt, maxTimestampMs);
  storeBe<std::int32_t>(batch + batch::kRecordCountAt, recordCount);
  storeBe<std::uint32_t>(batch + batch::kCrcAt, crc32c(batch + batch::kAttributesAt, size - batch::kAttributesAt));
}

}  // namespace

Result<ByteView> openRecords(const std::uint8_t* bytes, const BatchHeader& header, std::vector<std::uint8_t>& scratch) {
  const auto size = static_cast<std::size_t>(header.sizeBytes);
  if (crc32c(bytes + batch::kAttributesAt, size - batch::kAttributesAt) != header.crc) return corrupt(header, "wrong CRC");
  const ByteView packed(bytes + batch::kHeaderBytes, size - batch::kHeaderBytes);
  const auto codec = static_cast<Codec>(header.attributes & kCodecBits);
  if (codec == Codec::kNone || header.recordCount == 0) return packed;
  switch (decompress(codec, packed, scratch, kMaxDecompressedBytes)) {
    case CodecStatus::kOk:
      return ByteView(scratch);
    case CodecStatus::kTooLarge:
      return corrupt(header, "decompresses to more than 128 MiB");
    case CodecStatus::kCorrupt:
      break;
  }
  return corrupt(header, "cannot be decompressed");
}

BatchFilter::BatchFilter(const OffsetMap& map, const std::vector<ProducerTail>& producers, const Rules& rules, CleanedTransactions transactions)
    : map_(map), rules_(rules), transactions_(std::move(transactions)) {
  for (const ProducerTail& tail : producers) producers_.emplace(tail.producerId, tail);
}

BatchFilter::Retention BatchFilter::retentionOf(const BatchHeader& header, bool discard) const {
  if (header.producerId >= 0) {
    const auto found = producers_.find(header.producerId);
    if (found != producers_.end()) {
      const ProducerTail& tail = found->second;
      const bool last = tail.lastDataOffset >= 0 ? header.lastOffset() == tail.lastDataOffset : isControl(header) && header.producerEpoch == tail.epoch;
      if (last) return Retention::kRetainEmpty;
    }
  }
  if (header.lastOffset() + 1 == rules_.roundEndOffset) return Retention::kRetainEmpty;
  return discard ? Retention::kDelete : Retention::kDeleteEmpty;
}

bool BatchFilter::retains(const BatchHeader& header, const RecordView& record) const {
  const std::int64_t offset = header.baseOffset + record.offsetDelta;
  if (offset > rules_.latestMappedOffset) return true;
  if (!record.key.has_value()) return false;
  if (offset < map_.get(*record.key)) return false;
  // A tombstone stays until the horizon that the first cleaning behind it has set is over (KIP-534).
  return record.hasValue || !hasDeleteHorizon(header) || rules_.nowMs < header.baseTimestampMs;
}

Result<BatchFilter::Outcome> BatchFilter::filter(const std::uint8_t* bytes, const BatchHeader& header, std::vector<std::uint8_t>& out) {
  auto records = openRecords(bytes, header, plain_);
  if (!records.ok()) return records.error();
  const bool control = isControl(header);
  const bool idleMarker = control && transactions_.isIdleMarker(header, records.value());
  // Records of an aborted transaction go at once, its marker and one of a commit like a tombstone once their records are gone.
  const bool discard = control ? idleMarker && hasDeleteHorizon(header) && header.baseTimestampMs <= rules_.nowMs : transactions_.isAborted(header);
  const Retention retention = retentionOf(header, discard);
  Outcome outcome;
  if (retention == Retention::kDelete) return outcome;

  kept_.clear();
  bool all = true;
  bool tombstones = false;
  RecordCursor cursor(records.value());
  for (RecordView record; cursor.next(record); ++outcome.recordsRead) {
    const bool keep = !discard && (control || retains(header, record));
    all = all && keep;
    if (!keep) continue;
    tombstones = tombstones || !record.hasValue;
    kept_.push_back({record, isAppendTime(header) ? header.maxTimestampMs : plus(header.baseTimestampMs, record.timestampDelta)});
  }
  if (cursor.malformed() || outcome.recordsRead != header.recordCount) return corrupt(header, "its records are malformed");

  const std::size_t begun = out.size();
  const bool setHorizon = (tombstones || idleMarker) && !hasDeleteHorizon(header);
  if (!kept_.empty() && all && !setHorizon) {
    out.insert(out.end(), bytes, bytes + header.sizeBytes);
  } else if (!kept_.empty()) {
    out.insert(out.end(), bytes, bytes + batch::kHeaderBytes);
    const std::int64_t horizonMs = setHorizon                 ? rules_.nowMs + rules_.deleteRetentionMs
                                   : hasDeleteHorizon(header) ? header.baseTimestampMs
                                                              : kNoTimestamp;
    rewrite(header, horizonMs, out);
  } else if (retention == Retention::kRetainEmpty) {
    out.insert(out.end(), bytes, bytes + batch::kHeaderBytes);
    const auto attributes = static_cast<std::int16_t>(header.attributes & (batch::kTimestampTypeBit | kTransactionalBit | kControlBit));
    finishHeader(out, begun, attributes, kNoTimestamp, header.maxTimestampMs, 0);
  }
  outcome.recordsKept = static_cast<std::int64_t>(kept_.size());
  outcome.bytesKept = static_cast<std::int64_t>(out.size() - begun);
  return outcome;
}

/// `out` ends with the old header. Timestamp deltas count from the delete horizon, or from the first record that is left.
void BatchFilter::rewrite(const BatchHeader& header, std::int64_t deleteHorizonMs, std::vector<std::uint8_t>& out) {
  const std::size_t begun = out.size() - batch::kHeaderBytes;
  const bool horizon = deleteHorizonMs != kNoTimestamp;
  const std::int64_t baseTimestampMs = horizon ? deleteHorizonMs : kept_.front().timestampMs;
  std::int64_t maxTimestampMs = kNoTimestamp;
  const auto codec = static_cast<Codec>(header.attributes & kCodecBits);
  rewritten_.clear();
  for (const Kept& one : kept_) {
    maxTimestampMs = std::max(maxTimestampMs, one.timestampMs);
    appendRecord(one.record, minus(one.timestampMs, baseTimestampMs), rewritten_);
  }
  compress(codec, rewritten_, out);
  const auto attributes = static_cast<std::int16_t>(horizon ? header.attributes | kDeleteHorizonBit : header.attributes);
  finishHeader(out, begun, attributes, baseTimestampMs, isAppendTime(header) ? header.maxTimestampMs : maxTimestampMs, static_cast<std::int32_t>(kept_.size()));
}

}  // namespace millrace
