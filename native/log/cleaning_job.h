#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch_filter.h"
#include "segment_swap.h"

namespace millrace {

struct CleaningOptions {
  /// Keys from here on are looked for; below it the log is clean.
  std::int64_t firstDirtyOffset = 0;
  /// Base offset of the first segment that is left alone. Everything below is sealed, flushed and committed.
  std::int64_t endOffset = 0;
  std::int64_t nowMs = 0;
  std::int64_t deleteRetentionMs = 0;
  std::int64_t segmentBytes = 1 << 30;
  std::int64_t segmentIndexBytes = 10 << 20;
  std::int64_t indexIntervalBytes = 4096;
  /// Memory of the table of keys, and how full it may get.
  std::int64_t mapBytes = 128 << 20;
  double mapLoadFactor = 0.9;
  std::int64_t ioBufferBytes = 512 << 10;
  std::vector<ProducerTail> producers;
  /// Every aborted transaction that overlaps the segments to be cleaned; the log fills it in.
  std::vector<AbortedTransaction> aborted;
};

struct CleaningStatistics {
  std::int64_t bytesRead = 0;      ///< of segments; those of the dirty part twice
  std::int64_t bytesWritten = 0;
  std::int64_t mapBytesRead = 0;   ///< of these for the table of keys
  std::int64_t recordsRead = 0;
  std::int64_t recordsKept = 0;
  std::int64_t segmentsBefore = 0;
  std::int64_t segmentsAfter = 0;
  double mapUtilization = 0;
};

/// One round of cleaning one log: the last offset of each key of the dirty part goes into a table, then all segments up to the
/// round's end are written anew without what is superseded, small neighbours into one. Works on files that do not change any more,
/// in steps, on any thread, one at a time; the log takes over each new segment on its own thread.
class CleaningJob {
 public:
  struct Source {
    std::int64_t baseOffset;
    std::int64_t sizeBytes;
    std::int64_t dirtyPosition;  ///< where the batch of firstDirtyOffset begins, for the segment that holds it
    std::size_t offsetEntries;
    std::size_t timeEntries;
    std::shared_ptr<File> file;
    bool hasTransactionIndex;
  };
  enum class Stage { kMapping, kCleaning, kOffering, kSwapping, kDone };

  CleaningJob(FileSystem& fs, std::shared_ptr<const Folder> folder, std::vector<Source> sources, CleaningOptions options);
  CleaningJob(const CleaningJob&) = delete;
  CleaningJob& operator=(const CleaningJob&) = delete;

  /// Reads and writes about `budgetBytes` and returns. At kOffering a new segment waits for the log to agree (`Log::acceptSwap`).
  Status run(std::int64_t budgetBytes);

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  [[nodiscard]] const CleaningStatistics& statistics() const noexcept { return statistics_; }
  /// The round is given up: removes what was not offered yet. Any thread.
  void abandon();
  /// The segment that waits, at kOffering and kSwapping.
  [[nodiscard]] const std::shared_ptr<SegmentSwap>& swap() const noexcept { return swap_; }
  /// The log agreed: the next `run` renames.
  void accepted() noexcept { stage_ = Stage::kSwapping; }
  /// The segment was taken over, or the log has cancelled the swap: on to the next one.
  void settled();
  /// Where the next round begins: everything below was cleaned. Valid at kDone.
  [[nodiscard]] std::int64_t cleanedOffset() const noexcept { return latestMapped_ + 1; }

  /// Set by the log: see Log::continueCleaning.
  std::uint64_t truncations = 0;

  /// Segments that are written into one: not larger than a segment may be, nor their indexes, nor their range of offsets.
  [[nodiscard]] static std::vector<std::size_t> groupSizes(const std::vector<Source>& sources, const CleaningOptions& options);

 private:
  /// Whole batches of one file in order, in a buffer that holds the largest one.
  class Reader {
   public:
    void open(const File& file, std::int64_t from, std::int64_t end);
    /// False at the end of the file.
    [[nodiscard]] Result<bool> next(std::size_t bufferBytes);
    [[nodiscard]] const std::uint8_t* batch() const noexcept { return buffer_.data() + at_; }
    [[nodiscard]] const BatchHeader& header() const noexcept { return header_; }

   private:
    const File* file_ = nullptr;
    std::int64_t position_ = 0;  ///< of buffer_[0] in the file
    std::int64_t end_ = 0;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    BatchHeader header_;
    std::vector<std::uint8_t> buffer_;
  };

  Status mapSome(std::int64_t untilBytes);
  /// True when the table is full.
  [[nodiscard]] Result<bool> mapBatch();
  void beginCleaning();
  Status cleanSome(std::int64_t untilBytes);
  Status cleanBatch();
  Status openCleaned();
  Status writeOut();
  Status finishGroup();
  Status storeIndexes();
  void offer();
  [[nodiscard]] std::string stemOf(std::size_t source) const { return folder_->pathOf(offsetFileName(sources_[source].baseOffset)); }
  [[nodiscard]] std::int64_t moved() const noexcept { return statistics_.bytesRead + statistics_.bytesWritten; }

  FileSystem& fs_;
  std::shared_ptr<const Folder> folder_;
  std::vector<Source> sources_;
  CleaningOptions options_;
  Stage stage_ = Stage::kMapping;
  CleaningStatistics statistics_;
  std::optional<OffsetMap> map_;
  std::size_t mapLimit_ = 0;
  std::int64_t latestMapped_ = -1;
  std::optional<CleanedTransactions> mapped_;  ///< of the dirty part
  std::optional<BatchFilter> filter_;
  std::vector<std::size_t> groups_;
  std::size_t group_ = 0;       ///< the one in work
  std::size_t groupFirst_ = 0;  ///< its first source
  std::size_t source_ = 0;      ///< the one being read
  bool reading_ = false;
  bool changed_ = false;  ///< the segment in work differs from what it is made from
  Reader reader_;
  std::vector<std::uint8_t> scratch_;
  std::vector<std::uint8_t> out_;
  std::optional<SegmentView> cleaned_;
  std::shared_ptr<SegmentSwap> swap_;
};

}  // namespace millrace
