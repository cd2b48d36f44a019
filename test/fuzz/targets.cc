#include "targets.h"

#include "../../native/codec/codec.h"
#include "../native/log_workload.h"

using namespace millrace;

namespace {

using Input = std::span<const std::uint8_t>;

constexpr const char* kStem = "/d/t-0/00000000000000000000";

bool put(MemoryDisk& disk, const std::string& path, Input bytes) {
  auto file = File::open(disk, path);
  return file.ok() && file.value()->append(bytes.data(), bytes.size()).ok();
}

std::unique_ptr<MemoryDisk> diskWith(std::initializer_list<std::pair<const char*, Input>> files) {
  auto disk = std::make_unique<MemoryDisk>();
  if (disk->mkdir("/d", 0755) != 0 || disk->mkdir("/d/t-0", 0755) != 0) return nullptr;
  for (const auto& [suffix, bytes] : files)
    if (!put(*disk, kStem + std::string(suffix), bytes)) return nullptr;
  return disk;
}

/// Asks a log everything; it may answer kCorrupt. An endless loop is for the test's time limit.
void askEverything(Log& log) {
  const std::int64_t end = log.logEndOffset();
  for (std::int64_t offset = log.logStartOffset(), count = 0; offset < end && count < 50; ++count) {
    auto read = log.read(offset, 300, end, true);
    if (!read.ok() || !read.value().has_value()) break;
    offset = std::max(offset + 1, read.value()->nextOffset);
  }
  (void)log.findByTimestamp(1000, end);
  (void)log.findMaxTimestamp(end);
  (void)log.scan(log.logStartOffset(), 50);
  (void)log.availableBytes(log.logStartOffset(), end, 10'000);
}

Result<std::unique_ptr<Log>> open(MemoryDisk& disk, bool trusted) {
  LogOptions options;
  options.cleanShutdown = trusted;
  RecoveryReport report;
  return Log::open(disk, "/d/t-0", 1, options, report);
}

/// A log that was not closed: what is served of it has valid CRCs, and the log goes on.
std::string recoveredLog(Input input) {
  const auto disk = diskWith({{".log", input}});
  auto log = open(*disk, false);
  if (!log.ok()) return log.error().kind == Error::Kind::kCorrupt ? "" : "opening fails with " + log.error().operation;
  std::string reason;
  auto batches = batchesOf(*log.value(), reason);
  if (!batches.has_value()) return reason;
  harness::Random random(input.size());
  if (auto why = checkLookups(*log.value(), *batches, random); !why.empty()) return why;
  const std::int64_t end = log.value()->logEndOffset();
  if (end > INT32_MAX - 10) return {};
  auto bytes = encodeBatch({end, 0, -1, -1, -1, 0, -1, {{end, "key", "value", 1000}}});
  if (!log.value()->append(bytes.data(), BatchHeader::load(bytes.data()), false).ok()) return "nothing can be appended";
  if (!log.value()->roll().ok()) return "the log cannot be rolled";
  log.value().reset();
  log = open(*disk, false);
  return log.ok() && log.value()->logEndOffset() == end + 1 ? "" : "what was appended behind it is not there after a restart";
}

/// A log that is trusted because its marker says that it was closed.
std::string trustedLog(Input input) {
  const auto disk = diskWith({{".log", input}});
  auto log = open(*disk, true);
  if (!log.ok()) return {};
  askEverything(*log.value());
  if (!log.value()->roll().ok()) return {};
  CleaningOptions options;
  options.endOffset = log.value()->active().baseOffset();
  options.nowMs = 2000;
  options.mapBytes = 1 << 16;
  auto job = log.value()->beginCleaning(options);
  if (!job.ok() || job.value() == nullptr) return {};
  while (job.value()->run(1 << 20).ok() && log.value()->continueCleaning(*job.value()) == Log::Cleaning::kGoesOn) {
  }
  askEverything(*log.value());
  return {};
}

/// A sealed segment of 24 batches and its indexes, then an active one.
struct Sealed {
  std::vector<std::uint8_t> log;
  std::vector<std::uint8_t> index;
  std::vector<std::uint8_t> timeIndex;
};

const Sealed& sealedSegment() {
  static const Sealed made = [] {
    MemoryDisk disk;
    (void)disk.mkdir("/d", 0755);
    LogOptions options;
    options.indexIntervalBytes = 200;
    RecoveryReport report;
    auto log = Log::open(disk, "/d/t-0", 1, options, report);
    harness::Random random(5);
    std::map<std::int64_t, std::int32_t> sequences;
    for (int i = 0; log.ok() && i < 24; ++i) {
      const auto bytes = encodeBatch(randomBatch(random, log.value()->logEndOffset(), 1000 + 10 * i, sequences));
      (void)log.value()->append(bytes.data(), BatchHeader::load(bytes.data()), false);
    }
    if (log.ok()) (void)log.value()->roll();
    const auto content = [&](const char* suffix) {
      auto bytes = readWholeFile(disk, kStem + std::string(suffix));
      return bytes.ok() ? bytes.value() : std::vector<std::uint8_t>{};
    };
    return Sealed{content(".log"), content(".index"), content(".timeindex")};
  }();
  return made;
}

/// Whatever an index file holds: below no recovery point it changes nothing of what is found.
std::string indexFiles(Input index, Input timeIndex) {
  const Sealed& sealed = sealedSegment();
  for (const bool trusted : {true, false}) {
    const auto disk = diskWith({{".log", sealed.log}, {".index", index}, {".timeindex", timeIndex}});
    auto log = open(*disk, trusted);
    if (!log.ok()) return "the log does not open: " + log.error().detail;
    askEverything(*log.value());
    if (trusted) continue;
    std::string reason;
    auto batches = batchesOf(*log.value(), reason);
    if (!batches.has_value() || batches->size() != 24) return "batches are missing " + reason;
    harness::Random random(index.size() + timeIndex.size());
    for (int i = 0; i < 5; ++i)
      if (auto why = checkLookups(*log.value(), *batches, random); !why.empty()) return why;
  }
  return {};
}

/// Whatever a transaction index holds: its entries lie in the segment and grow, or none is taken and all are asked for again.
std::string transactionIndex(Input input) {
  for (const bool trusted : {true, false}) {
    const auto disk = diskWith({{".log", sealedSegment().log}, {".txnindex", input}});
    LogOptions options;
    options.cleanShutdown = trusted;
    RecoveryReport report;
    auto log = Log::open(*disk, "/d/t-0", 1, options, report);
    if (!log.ok()) return "the log does not open: " + log.error().detail;
    const std::int64_t end = log.value()->logEndOffset();
    std::int64_t last = -1;
    const auto entries = log.value()->abortedTransactions(0, INT64_MAX);
    for (const AbortedTransaction& entry : entries) {
      if (entry.lastOffset <= last || entry.lastOffset >= end || entry.firstOffset < 0 || entry.firstOffset >= entry.lastOffset) return "an entry outside of the segment";
      last = entry.lastOffset;
    }
    if (!trusted && (!entries.empty() || report.transactionsLostFrom != 0)) return "entries above the recovery point are trusted";
    if (trusted && input.size() % TransactionIndex::kEntryBytes != 0 && report.transactionsLostFrom != 0) return "half an entry is taken";
    // As after a replay that found one: what is stored then is what is read again.
    const std::vector<AbortedTransaction> found = {{3, 0, 1, 2}};
    if (report.transactionsLostFrom != 0) continue;
    if (!log.value()->restoreAborted(0, found).ok()) return "the index cannot be restored";
    bool sane = false;
    auto stored = TransactionIndex::load(*disk, kStem, 0, end, sane);
    if (!stored.ok() || !sane || stored.value()->entries() != found) return "a restored index is another one";
  }
  return {};
}

std::string offsetIndex(Input input) { return indexFiles(input, sealedSegment().timeIndex); }
std::string timeIndex(Input input) { return indexFiles(sealedSegment().index, input); }

/// The input as the records of a batch whose header and CRC are right: the first byte chooses codec and count.
std::string records(Input input) {
  if (input.empty()) return {};
  const Input payload = input.subspan(1);
  auto bytes = makeBatch(1 + (input[0] >> 3) % 8, payload.size());
  std::copy(payload.begin(), payload.end(), bytes.begin() + batch::kHeaderBytes);
  storeBe<std::int16_t>(bytes.data() + batch::kAttributesAt, static_cast<std::int16_t>((input[0] & 7) % 5 | (input[0] & 0xc0) >> 2));
  storeBe<std::uint32_t>(bytes.data() + batch::kCrcAt, crc32c(bytes.data() + batch::kAttributesAt, bytes.size() - batch::kAttributesAt));
  BatchHeader header;
  if (inspectBatch(bytes.data(), bytes.size(), header) != BatchStatus::kOk) return "a batch with a right CRC is refused";
  auto map = OffsetMap::create(16);
  if (!map.ok()) return {};
  BatchFilter filter(map.value(), {}, {100, 100, 1000, 1000}, CleanedTransactions({}));
  std::vector<std::uint8_t> out;
  auto outcome = filter.filter(bytes.data(), header, out);
  if (!outcome.ok() || outcome.value().bytesKept == 0) return {};
  // What the cleaner writes, it can read again.
  std::vector<std::uint8_t> scratch;
  const BatchHeader written = BatchHeader::load(out.data());
  auto again = openRecords(out.data(), written, scratch);
  if (!again.ok()) return "the cleaner's batch cannot be read";
  RecordCursor cursor(again.value());
  std::int32_t count = 0;
  for (RecordView record; cursor.next(record);) ++count;
  return !cursor.malformed() && count == written.recordCount ? "" : "the cleaner's batch has other records than it says";
}

std::string codec(Codec codec, Input input) {
  constexpr std::size_t kLimit = 1 << 20;
  std::vector<std::uint8_t> out;
  if (decompress(codec, input, out, kLimit) == CodecStatus::kOk && out.size() > kLimit) return "more than the limit was decompressed";
  std::vector<std::uint8_t> packed;
  compress(codec, input, packed);
  if (decompress(codec, packed, out, input.size()) != CodecStatus::kOk) return "what was compressed cannot be decompressed";
  return std::equal(out.begin(), out.end(), input.begin(), input.end()) ? "" : "what was compressed comes back as something else";
}

std::string gzip(Input input) { return codec(Codec::kGzip, input); }
std::string snappy(Input input) { return codec(Codec::kSnappy, input); }
std::string lz4(Input input) { return codec(Codec::kLz4, input); }
std::string zstd(Input input) { return codec(Codec::kZstd, input); }

/// The input as names of files, one a line, in a partition's directory beside a log; all but the log are empty.
std::string fileNames(Input input) {
  const auto disk = diskWith({{".log", sealedSegment().log}});
  std::string name;
  for (const std::uint8_t byte : input) {
    if (byte != '\n') {
      if (byte != '/' && byte != 0) name.push_back(static_cast<char>(byte));
      continue;
    }
    if (!name.empty() && name != "." && name != "..") (void)File::open(*disk, "/d/t-0/" + name);
    name.clear();
  }
  auto log = open(*disk, false);
  if (log.ok()) askEverything(*log.value());
  return {};
}

constexpr FuzzTarget kTargets[] = {{"log", recoveredLog}, {"log-trusted", trustedLog}, {"index", offsetIndex}, {"timeindex", timeIndex}, {"records", records},
                                   {"gzip", gzip},        {"snappy", snappy},          {"lz4", lz4},           {"zstd", zstd},           {"names", fileNames},
                                   {"txnindex", transactionIndex}};

}  // namespace

std::span<const FuzzTarget> fuzzTargets() { return kTargets; }
