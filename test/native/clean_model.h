#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "../../native/log/cleaning_job.h"
#include "harness.h"
#include "make_records.h"

/// What a round leaves, by Kafka's rules, on plain arrays. Keys were looked at below `cleanedOffset`; segments up to `rewrittenEnd` were
/// written anew.
inline void cleanModel(std::vector<TestBatch>& log, const millrace::CleaningOptions& options, std::int64_t cleanedOffset, std::int64_t rewrittenEnd) {
  std::map<std::string, std::int64_t> latest;
  for (const TestBatch& batch : log)
    for (const TestRecord& record : batch.records)
      if (record.key.has_value() && record.offset >= options.firstDirtyOffset && record.offset < cleanedOffset) latest[*record.key] = record.offset;
  std::vector<TestBatch> left;
  for (TestBatch& batch : log) {
    if (batch.baseOffset >= rewrittenEnd) {
      left.push_back(batch);
      continue;
    }
    const std::size_t before = batch.records.size();
    std::erase_if(batch.records, [&](const TestRecord& record) {
      if (record.offset >= cleanedOffset) return false;
      if (!record.key.has_value()) return true;
      const auto found = latest.find(*record.key);
      const bool superseded = found != latest.end() && record.offset < found->second;
      return superseded || (!record.value.has_value() && batch.horizonMs >= 0 && options.nowMs >= batch.horizonMs);
    });
    const bool tombstones = std::any_of(batch.records.begin(), batch.records.end(), [](const TestRecord& record) { return !record.value.has_value(); });
    if (tombstones && batch.horizonMs < 0) {
      batch.horizonMs = options.nowMs + options.deleteRetentionMs;
      batch.attributes |= 64;
    }
    if (batch.records.empty()) {
      const bool lastOfProducer = std::any_of(options.producers.begin(), options.producers.end(),
                                              [&](const millrace::ProducerTail& tail) { return tail.producerId == batch.producerId && tail.lastDataOffset == batch.lastOffset(); });
      if (!lastOfProducer && batch.lastOffset() + 1 != cleanedOffset) continue;
      if (before > 0 || (batch.attributes & ~0x38) != 0) batch.attributes &= 0x38;
      batch.horizonMs = -1;
    }
    left.push_back(batch);
  }
  log = std::move(left);
}

inline TestBatch randomBatch(harness::Random& random, std::int64_t baseOffset, std::int64_t nowMs, std::map<std::int64_t, std::int32_t>& sequences) {
  TestBatch batch;
  batch.baseOffset = baseOffset;
  const auto count = static_cast<std::int32_t>(1 + random.below(6));
  batch.lastOffsetDelta = count - 1;
  batch.attributes = static_cast<std::int16_t>(random.below(5));
  if (random.below(3) == 0) {
    batch.producerId = static_cast<std::int64_t>(random.below(3));
    batch.producerEpoch = 4;
    batch.baseSequence = sequences[batch.producerId];
    sequences[batch.producerId] += count;
  }
  for (std::int32_t i = 0; i < count; ++i) {
    TestRecord record;
    record.offset = baseOffset + i;
    record.timestampMs = nowMs + static_cast<std::int64_t>(random.below(20)) - 10;
    record.key = "key-" + std::to_string(random.below(12));
    if (random.below(4) != 0) record.value = std::string(random.below(60), static_cast<char>('a' + random.below(26)));
    batch.records.push_back(std::move(record));
  }
  return batch;
}

inline std::vector<millrace::ProducerTail> tailsOf(const std::vector<TestBatch>& log) {
  std::map<std::int64_t, millrace::ProducerTail> tails;
  for (const TestBatch& batch : log)
    if (batch.producerId >= 0) tails[batch.producerId] = {batch.producerId, batch.lastOffset(), batch.producerEpoch};
  std::vector<millrace::ProducerTail> list;
  for (const auto& [id, tail] : tails) list.push_back(tail);
  return list;
}
