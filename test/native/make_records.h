#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../../native/codec/codec.h"
#include "../../native/log/batch_filter.h"
#include "make_batch.h"

/// A record as a test sees it.
struct TestRecord {
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t timestampMs = 0;
  bool operator==(const TestRecord&) const = default;
};

/// A batch as a test sees it: header fields that must survive, and the records.
struct TestBatch {
  std::int64_t baseOffset = 0;
  std::int32_t lastOffsetDelta = 0;
  std::int64_t producerId = -1;
  std::int16_t producerEpoch = -1;
  std::int32_t baseSequence = -1;
  std::int16_t attributes = 0;
  std::int64_t horizonMs = -1;
  std::vector<TestRecord> records;
  bool operator==(const TestBatch&) const = default;
  [[nodiscard]] std::int64_t lastOffset() const { return baseOffset + lastOffsetDelta; }
};

inline void putVarint(std::int64_t value, std::vector<std::uint8_t>& out) {
  std::uint64_t raw = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; raw >= 0x80; raw >>= 7) out.push_back(static_cast<std::uint8_t>(raw | 0x80));
  out.push_back(static_cast<std::uint8_t>(raw));
}

/// The batch in bytes; records without a header. Timestamps count from the first record's.
inline std::vector<std::uint8_t> encodeBatch(const TestBatch& batch) {
  using namespace millrace;
  const std::int64_t baseTimestampMs = batch.records.empty() ? -1 : batch.records.front().timestampMs;
  std::int64_t maxTimestampMs = -1;
  std::vector<std::uint8_t> records;
  for (const TestRecord& record : batch.records) {
    maxTimestampMs = std::max(maxTimestampMs, record.timestampMs);
    std::vector<std::uint8_t> body = {0};
    putVarint(record.timestampMs - baseTimestampMs, body);
    putVarint(record.offset - batch.baseOffset, body);
    for (const auto& part : {record.key, record.value}) {
      putVarint(part.has_value() ? static_cast<std::int64_t>(part->size()) : -1, body);
      if (part.has_value()) body.insert(body.end(), part->begin(), part->end());
    }
    putVarint(0, body);
    putVarint(static_cast<std::int64_t>(body.size()), records);
    records.insert(records.end(), body.begin(), body.end());
  }
  std::vector<std::uint8_t> packed;
  compress(static_cast<Codec>(batch.attributes & 7), records, packed);
  std::vector<std::uint8_t> bytes = makeBatch(static_cast<std::int32_t>(batch.records.size()), packed.size());
  std::copy(packed.begin(), packed.end(), bytes.begin() + batch::kHeaderBytes);
  storeBe<std::int64_t>(bytes.data(), batch.baseOffset);
  storeBe<std::int16_t>(bytes.data() + batch::kAttributesAt, batch.attributes);
  storeBe<std::int32_t>(bytes.data() + batch::kLastOffsetDeltaAt, batch.lastOffsetDelta);
  storeBe<std::int64_t>(bytes.data() + batch::kBaseTimestampAt, baseTimestampMs);
  storeBe<std::int64_t>(bytes.data() + batch::kMaxTimestampAt, maxTimestampMs);
  storeBe<std::int64_t>(bytes.data() + batch::kProducerIdAt, batch.producerId);
  storeBe<std::int16_t>(bytes.data() + batch::kProducerEpochAt, batch.producerEpoch);
  storeBe<std::int32_t>(bytes.data() + batch::kBaseSequenceAt, batch.baseSequence);
  storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
  return bytes;
}

/// False when the batch is not sound.
inline bool decodeBatch(const std::uint8_t* bytes, TestBatch& into) {
  using namespace millrace;
  const BatchHeader header = BatchHeader::load(bytes);
  std::vector<std::uint8_t> scratch;
  auto records = openRecords(bytes, header, scratch);
  if (!records.ok()) return false;
  into = {header.baseOffset, header.lastOffsetDelta, header.producerId, header.producerEpoch, header.baseSequence, header.attributes, -1, {}};
  if ((header.attributes & 64) != 0) into.horizonMs = header.baseTimestampMs;
  RecordCursor cursor(records.value());
  for (RecordView view; cursor.next(view);) {
    TestRecord record;
    record.offset = header.baseOffset + view.offsetDelta;
    record.timestampMs = (header.attributes & 8) != 0 ? header.maxTimestampMs : header.baseTimestampMs + view.timestampDelta;
    if (view.key.has_value()) record.key = std::string(view.key->begin(), view.key->end());
    if (view.hasValue) {
      // The value is the last but one of what tests write: its length fits one byte, behind it only the count of headers (0).
      const std::size_t keyBytes = 1 + (view.key.has_value() ? view.key->size() : 0);
      record.value = std::string(view.rest.begin() + static_cast<std::ptrdiff_t>(keyBytes + 1), view.rest.end() - 1);
    }
    into.records.push_back(std::move(record));
  }
  return !cursor.malformed() && into.records.size() == static_cast<std::size_t>(header.recordCount);
}
