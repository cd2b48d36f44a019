#include "batch_rebuild.h"

#include <algorithm>

#include "../base/crc32c.h"
#include "batch_filter.h"
#include "records.h"

namespace millrace {
namespace {

constexpr std::int16_t kCodecBits = 7;
constexpr std::int16_t kTransactionalBit = 1 << 4;
constexpr std::int64_t kNoTimestamp = -1;
/// More are not told: the answer is built on the loop.
constexpr std::size_t kMaxFaults = 1000;

/// The sum as in Java: a client may send any two numbers.
std::int64_t wrapped(std::int64_t a, std::uint64_t b) { return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + b); }

class Rebuilder {
 public:
  Rebuilder(const std::uint8_t* batch, const BatchHeader& header, const RebuildOptions& options) : batch_(batch), header_(header), options_(options) {}

  RebuiltBatch run() {
    const auto source = static_cast<Codec>(header_.attributes & kCodecBits);
    const ByteView packed(batch_ + batch::kHeaderBytes, static_cast<std::size_t>(header_.sizeBytes) - batch::kHeaderBytes);
    ByteView records = packed;
    if (source != Codec::kNone) {
      const CodecStatus status = decompress(source, packed, plain_, kMaxDecompressedBytes);
      if (status != CodecStatus::kOk) return {status == CodecStatus::kTooLarge ? RebuildStatus::kTooLarge : RebuildStatus::kUndecodable, {}, {}};
      records = plain_;
    }
    RebuiltBatch result;
    if (!walk(records, result.faults)) {
      result.status = RebuildStatus::kMalformed;
      return result;
    }
    if (!result.faults.empty()) return result;
    if (source != options_.codec) write(records, result);
    else if (!countsUp_) result.status = RebuildStatus::kMalformed;
    else if (header_.maxTimestampMs != maxTimestampMs_ && !isAppendTime()) restamp(result);
    return result;
  }

 private:
  [[nodiscard]] bool isAppendTime() const { return (header_.attributes & batch::kTimestampTypeBit) != 0; }

  [[nodiscard]] std::int64_t timestampOf(const RecordView& record) const {
    return isAppendTime() ? header_.maxTimestampMs : wrapped(header_.baseTimestampMs, static_cast<std::uint64_t>(record.timestampDelta));
  }

  /// False when the bytes are not the records that the header tells of. Nothing is kept of a record: there may be millions.
  bool walk(ByteView records, std::vector<RecordFault>& faults) {
    RecordCursor cursor(records);
    std::int32_t index = 0;
    for (RecordView record; cursor.next(record); ++index) {
      if (index >= header_.recordCount || !headersWellFormed(record)) return false;
      const std::int64_t timestampMs = timestampOf(record);
      if (index == 0) firstTimestampMs_ = timestampMs;
      countsUp_ = countsUp_ && record.offsetDelta == index;
      maxTimestampMs_ = std::max(maxTimestampMs_, timestampMs);
      if (faults.size() == kMaxFaults) continue;
      if (options_.keysNeeded && !record.key.has_value()) faults.push_back({index, RecordFault::Kind::kNoKey, timestampMs});
      else if (timestampMs != kNoTimestamp && (timestampMs < options_.earliestMs || timestampMs > options_.latestMs))
        faults.push_back({index, RecordFault::Kind::kTimestamp, timestampMs});
    }
    return !cursor.malformed() && index == header_.recordCount;
  }

  void write(ByteView from, RebuiltBatch& result) const {
    std::vector<std::uint8_t> records;
    records.reserve(from.size() + 16);
    RecordCursor cursor(from);
    std::int32_t index = 0;
    for (RecordView record; cursor.next(record); ++index) {
      record.attributes = 0;
      record.offsetDelta = index;
      appendRecord(record, wrapped(timestampOf(record), -static_cast<std::uint64_t>(firstTimestampMs_)), records);
    }
    auto& out = result.bytes;
    out.assign(batch_, batch_ + batch::kHeaderBytes);
    compress(options_.codec, records, out, options_.level);
    storeBe<std::int32_t>(out.data() + batch::kLengthAt, static_cast<std::int32_t>(out.size() - batch::kOverheadBytes));
    const auto attributes = static_cast<std::int16_t>((header_.attributes & kTransactionalBit) | static_cast<std::int16_t>(options_.codec));
    storeBe<std::int16_t>(out.data() + batch::kAttributesAt, attributes);
    storeBe<std::int64_t>(out.data() + batch::kBaseTimestampAt, firstTimestampMs_);
    finish(out);
  }

  /// What the client said of its largest timestamp was wrong: index and retention go by it.
  void restamp(RebuiltBatch& result) const {
    result.bytes.assign(batch_, batch_ + header_.sizeBytes);
    finish(result.bytes);
  }

  void finish(std::vector<std::uint8_t>& out) const {
    storeBe<std::int64_t>(out.data() + batch::kMaxTimestampAt, maxTimestampMs_);
    storeBe<std::uint32_t>(out.data() + batch::kCrcAt, crc32c(out.data() + batch::kAttributesAt, out.size() - batch::kAttributesAt));
  }

  const std::uint8_t* batch_;
  const BatchHeader& header_;
  const RebuildOptions& options_;
  std::vector<std::uint8_t> plain_;
  bool countsUp_ = true;
  std::int64_t firstTimestampMs_ = kNoTimestamp;
  std::int64_t maxTimestampMs_ = kNoTimestamp;
};

}  // namespace

RebuiltBatch rebuildBatch(const std::uint8_t* batch, const BatchHeader& header, const RebuildOptions& options) { return Rebuilder(batch, header, options).run(); }

}  // namespace millrace
