#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "../base/result.h"
#include "../io/file.h"
#include "batch.h"
#include "index.h"
#include "index_file.h"
#include "transaction_index.h"

namespace millrace {

/// Of the files of a segment, in the order in which they go: what an index says is never there without its log.
inline constexpr std::array<const char*, 5> kSegmentSuffixes{".index", ".timeindex", ".txnindex", ".snapshot", ".log"};
inline constexpr std::array<const char*, 2> kIndexSuffixes{".index", ".timeindex"};

/// A batch and where it lies in its segment.
struct LocatedBatch {
  BatchHeader header;
  std::int64_t position = 0;
  [[nodiscard]] std::int64_t endPosition() const noexcept { return position + header.sizeBytes; }
};

class HeaderWalker;

/// What readers need of a segment, sealed or active: its file, its index and the offsets it covers. The index is in memory while the
/// segment takes appends; later it is looked up in its files.
class SegmentView {
 public:
  SegmentView(std::int64_t baseOffset, std::shared_ptr<File> file) : baseOffset_(baseOffset), nextOffset_(baseOffset), file_(std::move(file)) {}

  [[nodiscard]] std::int64_t baseOffset() const noexcept { return baseOffset_; }
  /// Offset after the last record; the base offset when there is none.
  [[nodiscard]] std::int64_t nextOffset() const noexcept { return nextOffset_; }
  [[nodiscard]] std::int64_t sizeBytes() const noexcept { return static_cast<std::int64_t>(file_->size()); }
  /// -1 when it is not known or there is none. Of a segment that was only looked at so far both are read when they are asked for.
  [[nodiscard]] Result<std::int64_t> maxTimestampMs() const;
  [[nodiscard]] Result<std::int64_t> firstTimestampMs() const;
  [[nodiscard]] const std::shared_ptr<File>& file() const noexcept { return file_; }
  /// Of a segment that takes appends, or is being made.
  [[nodiscard]] const SegmentIndex& index() const noexcept { return index_; }
  [[nodiscard]] bool indexStored() const noexcept { return indexStored_; }
  [[nodiscard]] bool indexInMemory() const noexcept { return indexInMemory_; }
  /// The index files are written: from here on they are read.
  void dropIndex();
  /// Its names are about to be another segment's: whatever is found in them, they are not written any more.
  void leaveIndexFiles() noexcept { indexRepaired_ = true; }
  /// Relative offset to walk from for a timestamp: that of the greatest entry with a timestamp < it, 0 when there is none.
  [[nodiscard]] Result<std::int32_t> lookupTime(std::int64_t timestampMs) const;
  [[nodiscard]] IndexFile::Counts indexEntries() const;
  /// The path of its files without `.log`, `.index`, ...: true until the log is moved.
  [[nodiscard]] std::string stem() const;

  // Each is kCorrupt where the bytes are no batch: damage is never taken for an end.
  /// The batch that holds `offset`, or the first one after it; nullopt at the end of the segment.
  [[nodiscard]] Result<std::optional<LocatedBatch>> find(std::int64_t offset) const;
  /// The batch that begins at `position`; nullopt at the end of the segment.
  [[nodiscard]] Result<std::optional<LocatedBatch>> at(std::int64_t position) const;
  /// The last batch that ends at or before `limit`, walking from `from` (a batch boundary); nullopt when the first one is longer.
  [[nodiscard]] Result<std::optional<LocatedBatch>> lastBefore(std::int64_t from, std::int64_t limit) const;
  /// The next batch of a walk through this segment; nullopt at its end.
  [[nodiscard]] Result<std::optional<LocatedBatch>> next(HeaderWalker& walker) const;

  /// Null when no transaction was aborted in the segment.
  [[nodiscard]] const TransactionIndex* transactions() const noexcept { return transactions_.get(); }
  [[nodiscard]] TransactionIndex* transactions() noexcept { return transactions_.get(); }
  void setTransactions(std::unique_ptr<TransactionIndex> transactions) { transactions_ = std::move(transactions); }

 protected:
  friend class SegmentLoader;
  std::int64_t baseOffset_;
  std::int64_t nextOffset_;
  static constexpr std::int64_t kUnread = -2;
  [[nodiscard]] Result<std::int64_t> floorPosition(std::int64_t position) const;
  [[nodiscard]] Result<std::int64_t> walkForMaxTimestamp(std::int64_t from) const;
  template <typename Entry, typename Search>
  [[nodiscard]] Result<std::optional<Entry>> searchStored(Search search) const;
  [[nodiscard]] Result<bool> sane(const OffsetEntry& entry) const;
  [[nodiscard]] Result<bool> sane(const TimeEntry& entry) const;
  [[nodiscard]] Result<bool> repairIndex() const;

  mutable std::int64_t maxTimestampMs_ = -1;
  std::int64_t offsetOfMaxTimestamp_ = 0;
  mutable std::int64_t firstTimestampMs_ = -1;
  std::int64_t bytesSinceIndexEntry_ = 0;
  bool indexInMemory_ = true;
  bool indexStored_ = false;  ///< its files have all that is in memory
  mutable bool indexRepaired_ = false;
  std::shared_ptr<File> file_;
  SegmentIndex index_;
  std::unique_ptr<TransactionIndex> transactions_;
};

/// A segment that takes no more appends. Made by sealing the active one, or by loading.
class SealedSegment : public SegmentView {
 public:
  explicit SealedSegment(SegmentView view) : SegmentView(std::move(view)) {}
};

/// The segment that appends go to; the last of its log.
class ActiveSegment : public SegmentView {
 public:
  explicit ActiveSegment(SegmentView view) : SegmentView(std::move(view)) {}

  /// `header` describes the batch in `bytes`, already with its final base offset. Adds index entries as Kafka does: the entry
  /// for a batch that begins more than `indexIntervalBytes` after the last indexed one.
  Status append(const std::uint8_t* bytes, const BatchHeader& header, std::int64_t indexIntervalBytes);
  /// Writes the final time index entry and both index files; the segment stays active.
  Status storeIndex(bool sync);
  /// Gives up the right to append. The index must be stored.
  [[nodiscard]] SealedSegment seal() &&;
  /// Everything from the batch that holds `offset` on is dropped.
  Status truncateTo(std::int64_t offset, std::int64_t indexIntervalBytes);
};

/// Walks the batch headers of a file in order with one pread per chunk.
class HeaderWalker {
 public:
  HeaderWalker(const File& file, std::int64_t from, std::int64_t end) : file_(file), position_(from), end_(end) {}
  /// Next whole batch before `end`; nullopt when there is none (also when the bytes there are no batch).
  [[nodiscard]] Result<std::optional<LocatedBatch>> next();
  /// Where the next batch would begin: after a nullopt the first byte that belongs to none.
  [[nodiscard]] std::int64_t position() const noexcept { return position_; }

 private:
  static constexpr std::size_t kChunkBytes = 4096;
  const File& file_;
  std::int64_t position_;
  std::int64_t end_;
  std::array<std::uint8_t, kChunkBytes> chunk_;
  std::int64_t chunkFrom_ = 0;
  std::size_t chunkSize_ = 0;
};

struct Damage;
struct LoadProgress;

/// What loading a segment found out.
struct LoadReport {
  LoadReport();
  ~LoadReport();
  bool indexRebuilt = false;
  /// Where the valid batches end, when something lies behind them that a crash may have left: to be cut off by the caller.
  std::unique_ptr<Damage> damage;
};

struct LoadPlan {
  /// Batches from there on have their CRC checked.
  std::int64_t verifyFrom = 0;
  /// Everything below was on the medium: what is missing of it was not lost in a crash.
  std::int64_t recoveryPoint = 0;
  std::int64_t indexIntervalBytes = 4096;
  /// Of the segment behind, -1 for the last one.
  std::int64_t nextBase = -1;
  /// What lies in the files was on the medium when they were left.
  bool cleanShutdown = false;
  /// Whether the index of the segment must have been on the medium: that of a sealed one is synced with the first flush behind its end.
  [[nodiscard]] bool indexOnMedium() const noexcept { return cleanShutdown || (nextBase >= 0 && recoveryPoint > nextBase); }
  LoadProgress* progress = nullptr;  ///< may be null
};

/// Loads one segment. Batches whose offset is at or above `verifyFrom` have their CRC checked.
class SegmentLoader {
 public:
  /// Damage that no crash leaves is kCorrupt with its place.
  [[nodiscard]] static Result<SegmentView> load(FileSystem& fs, const std::shared_ptr<const Folder>& folder, std::int64_t baseOffset, const LoadPlan& plan, LoadReport& report);
  /// A sealed segment whose files, index included, were on the medium when they were left: nothing of it is opened or read before
  /// somebody asks for it. Nullopt when its files cannot be what was left then: it must be loaded.
  [[nodiscard]] static std::optional<SegmentView> trust(FileSystem& fs, const std::shared_ptr<const Folder>& folder, std::int64_t baseOffset, std::int64_t nextBase);
  /// Rebuilds index, timestamps and next offset from the headers in the file; returns where its batches end.
  static Result<std::int64_t> rebuild(SegmentView& segment, std::int64_t indexIntervalBytes);
  /// Adds the last entry of the time index: the segment takes no more batches.
  static void finishIndex(SegmentView& segment);
  /// Accounts for one batch: next offset, timestamps, index entries.
  static void account(SegmentView& segment, const BatchHeader& header, std::int64_t position, std::int64_t indexIntervalBytes);

 private:
  static Status verify(SegmentView& segment, const LoadPlan& plan, LoadReport& report);
};

/// `00000000000000000042`
[[nodiscard]] std::string offsetFileName(std::int64_t offset);

}  // namespace millrace
