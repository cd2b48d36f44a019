#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../io/file_region.h"
#include "../io/open_files.h"
#include "cleaning_job.h"
#include "flusher.h"
#include "segment.h"
#include "transaction_marker.h"

namespace millrace {

struct LogOptions {
  std::int64_t segmentBytes = 1 << 30;
  std::int64_t indexIntervalBytes = 4096;
  std::int64_t segmentIndexBytes = 10 << 20;
  /// Batches below it are trusted without a CRC check; not when it is at or below `logStartOffset`: Kafka raises it with that, synced or not.
  std::int64_t recoveryPoint = 0;
  std::int64_t logStartOffset = 0;
  bool cleanShutdown = false;
  /// Below it, and below the recovery point, offsets between two segments may be missing: the log was compacted. Above both a segment
  /// that ends before the next one begins has lost its tail in a crash, and what lies behind is no part of the log. Our own cleaning
  /// leaves no gap above the recovery point on the medium; Kafka's may.
  std::int64_t gapsBelow = INT64_MAX;
  /// The active segment's room on the disk is taken when it is begun (`preallocate`); its length stays that of its records.
  bool preallocate = false;
  /// Null, or outlives the call of `open`.
  LoadProgress* progress = nullptr;
};

struct LogReadResult {
  FileRegion region;
  std::int64_t baseOffset = 0;
  std::int64_t nextOffset = 0;
};

struct RecoveryReport {
  std::int64_t truncatedBytes = 0;
  std::int64_t truncatedAtOffset = -1;
  std::uint32_t indexesRebuilt = 0;
  /// Of what was cut off, kept beside the log because valid batches are among it.
  std::int64_t quarantinedBytes = 0;
  std::uint32_t quarantinedSegments = 0;
  /// Aborted transactions whose markers lie at or above it have to be found in the log again (`restoreAborted`); INT64_MAX: none.
  std::int64_t transactionsLostFrom = INT64_MAX;
};

/// The segments of one partition: contiguous, `logStartOffset ≤ logEndOffset`, `flushedOffset ≤ logEndOffset`. Records may be deleted before
/// they were synced: then the log starts behind `flushedOffset`.
/// Loop thread only, but for `open` (any one thread, before anything else) and the flusher, which sees only FlushWork.
class Log : private FileOwner {
 public:
  /// Opens or creates the log in `directory` (created when missing) and recovers it.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(FileSystem& fs, std::string directory, std::uint32_t id, const LogOptions& options,
                                                         RecoveryReport& report);
  ~Log();

  /// From here on the files of this log are open only while they are used, as far as `files` wants. `requestSync` is called when a
  /// file can be closed only after a sync; the caller then queues `flushWork()`.
  void shareDescriptors(std::shared_ptr<OpenFiles> files, std::function<void()> requestSync);

  [[nodiscard]] std::int64_t logStartOffset() const noexcept { return logStartOffset_; }
  [[nodiscard]] std::int64_t logEndOffset() const noexcept { return active_->nextOffset(); }
  [[nodiscard]] std::int64_t flushedOffset() const noexcept { return flushedOffset_; }
  [[nodiscard]] std::int64_t sizeBytes() const noexcept;
  [[nodiscard]] const std::shared_ptr<FlushWork>& flushWork() const noexcept { return work_; }
  [[nodiscard]] std::string directory() const { return folder_->path(); }

  /// `bytes` was accepted by inspectBatch into `header`, with its base offset set to the final one.
  /// `aborted`: the batch is the marker of that transaction; its index entry is written first and undone when the batch cannot be.
  Status append(const std::uint8_t* bytes, const BatchHeader& header, bool rollFirst, const AbortedTransaction* aborted = nullptr);
  [[nodiscard]] Result<std::optional<LogReadResult>> read(std::int64_t offset, std::int64_t maxSizeBytes, std::int64_t upperOffset, bool minOneBatch);
  [[nodiscard]] Result<std::int64_t> availableBytes(std::int64_t offset, std::int64_t upperOffset, std::int64_t enoughBytes);
  [[nodiscard]] Result<std::optional<LocatedBatch>> findByTimestamp(std::int64_t timestampMs, std::int64_t upperOffset) const;
  [[nodiscard]] Result<std::optional<LocatedBatch>> findMaxTimestamp(std::int64_t upperOffset) const;
  [[nodiscard]] Result<std::vector<ReplayedBatch>> scan(std::int64_t fromOffset, std::size_t maxBatches) const;

  /// How many aborted transactions the indexes name, and those with a record or marker in [from, upper), by their markers.
  [[nodiscard]] std::size_t abortedCount() const noexcept;
  [[nodiscard]] std::vector<AbortedTransaction> abortedTransactions(std::int64_t from, std::int64_t upper) const;
  /// After a replay from `RecoveryReport::transactionsLostFrom`: what it found. Index files that say otherwise are replaced.
  Status restoreAborted(std::int64_t lostFrom, const std::vector<AbortedTransaction>& aborted);

  /// Tells the flusher what is dirty; the caller then queues `flushWork()`.
  void markDirty();
  void flushed(std::int64_t offset) noexcept;
  Status roll();
  /// Everything from the batch that holds `offset` on is dropped, on the medium too: these wait for it. A recovery point above the new
  /// end must have been lowered on the medium before. A failure is final for the log: it must be reopened.
  Status truncateTo(std::int64_t offset);
  Status truncateFullyAndStartAt(std::int64_t offset);
  void advanceLogStartOffset(std::int64_t offset) noexcept;
  /// Renames the sealed segments that end at or before `offset` to `.deleted`; returns the paths to unlink later.
  [[nodiscard]] Result<std::vector<std::string>> dropBelow(std::int64_t offset);
  void reconfigure(std::int64_t segmentBytes, std::int64_t indexIntervalBytes, std::int64_t segmentIndexBytes, bool preallocate) noexcept;
  /// Renames the log's directory and goes on in it, while files that are not open are opened and others synced; the caller syncs the
  /// parents. Compaction must not be under way. On an error nothing has changed.
  Status moveTo(std::string directory);
  /// Syncs everything (when asked to) and writes the active segment's index.
  Status close(bool sync);

  /// A job that cleans the sealed segments below `options.endOffset`. Null when there is nothing dirty among them.
  [[nodiscard]] Result<std::unique_ptr<CleaningJob>> beginCleaning(const CleaningOptions& options);
  /// After each `run` of the job: takes over what it has made. kCancelled: the log has changed under it, the job is to be given up.
  enum class Cleaning { kGoesOn, kDone, kCancelled };
  [[nodiscard]] Cleaning continueCleaning(CleaningJob& job);
  /// The log was truncated since the job began: what it reports says nothing.
  [[nodiscard]] bool outlived(const CleaningJob& job) const noexcept { return job.truncations != truncations_; }
  /// Ends the swap under way: takes over the new segment if its files have their names, else the old ones stay and the swap is
  /// cancelled. Waits for renames that are being made.
  void settleSwap();
  /// Files of segments that cleaned ones took the place of, renamed to `.deleted`; to be unlinked later.
  [[nodiscard]] std::vector<std::string> takeReplacedFiles() noexcept { return std::exchange(replacedFiles_, {}); }

  /// The segment that holds `offset`, or would.
  [[nodiscard]] const SegmentView& covering(std::int64_t offset) const noexcept { return segment(segmentFor(offset)); }
  [[nodiscard]] const std::vector<SealedSegment>& sealed() const noexcept { return sealed_; }
  [[nodiscard]] const ActiveSegment& active() const noexcept { return *active_; }

 private:
  Log(FileSystem& fs, std::string directory, std::uint32_t id, const LogOptions& options)
      : fs_(fs), folder_(std::make_shared<Folder>(std::move(directory))), options_(options), work_(std::make_shared<FlushWork>(id, folder_, fs)) {}

  [[nodiscard]] std::size_t segmentCount() const noexcept { return sealed_.size() + 1; }
  [[nodiscard]] const SegmentView& segment(std::size_t index) const noexcept;
  [[nodiscard]] SegmentView& segment(std::size_t index) noexcept;
  /// Reads the `.txnindex` files, named by the offsets of their segments.
  Status loadTransactions(const std::vector<std::int64_t>& bases, RecoveryReport& report);
  Status appendAborted(const AbortedTransaction& aborted);
  /// Index of the segment that covers `offset` (the last one whose base offset is ≤ it).
  [[nodiscard]] std::size_t segmentFor(std::int64_t offset) const noexcept;
  /// Position of the batch that holds `offset` in segment `index`; its size when it lies behind the last batch.
  [[nodiscard]] Result<std::int64_t> positionOf(std::size_t index, std::int64_t offset);
  /// Whether the segment that `job` offers may take its place: nothing it was made from has changed. The job's next `run` renames.
  [[nodiscard]] bool acceptSwap(CleaningJob& job);
  Status syncFolder() { return folder_->sync(fs_); }
  Status createActive(std::int64_t baseOffset);
  [[nodiscard]] Result<SegmentView> createSegment(std::int64_t baseOffset);
  Status removeFiles(const SegmentView& segment);
  /// For `open`: cuts off what a crash left behind the valid batches of `view`, and takes the segments of `later` out of the log.
  Status cutTail(SegmentView& view, const LoadReport& loaded, const std::vector<std::int64_t>& later, RecoveryReport& report);
  Status removeIndexFiles(const SegmentView& segment);
  /// For `open`, once it has an active segment: nothing of the segments at `below` is wanted, whatever a crash made of them. A log that lost
  /// its end below its start goes on there, as in Kafka: no offset is given twice.
  Status settleStart(const std::vector<std::int64_t>& below, RecoveryReport& report);
  /// For `open`: the index of a sealed segment is in its files from here on, or they are gone: the next start trusts what is there.
  Status keepIndexFiles(SealedSegment& segment, bool rebuilt);
  Status syncDirtyFiles();
  Status rollTo(std::int64_t nextBase);
  Status rollOnce(std::int64_t nextBase);
  Status replaceEmpty(std::int64_t nextBase);
  [[nodiscard]] Result<SegmentView> createNext(std::int64_t nextBase);
  void requestSync() override;
  /// A segment has become one of this log, or is none any more.
  void joined(const SegmentView& segment);

  // Where readers begin: one that asks for the offset after what it got, or for what another one just got, needs no index search
  // and no look at headers. Batches do not move, so an entry stays true until the log is truncated or cleaned.
  struct Cursor {
    std::int64_t offset = -1;
    std::int64_t segmentBaseOffset = 0;
    std::int64_t position = 0;
    /// The last read from here that its size limit ended: limit, end position, next offset. -1: none.
    std::int64_t readMaxBytes = -1;
    std::int64_t readLimit = 0;
    std::int64_t readNextOffset = 0;

    [[nodiscard]] bool leadsTo(std::int64_t wanted, const SegmentView& view) const noexcept {
      return offset == wanted && segmentBaseOffset == view.baseOffset();
    }
    [[nodiscard]] bool knows(std::int64_t maxSizeBytes, bool minOneBatch, std::int64_t end) const noexcept {
      return readMaxBytes >= 0 && readMaxBytes == maxSizeBytes && readLimit <= end && (minOneBatch || readLimit - position <= maxSizeBytes);
    }
  };
  [[nodiscard]] Cursor& cursorOf(std::int64_t offset) noexcept;
  static constexpr std::size_t kCursors = 16;

  FileSystem& fs_;
  const std::shared_ptr<Folder> folder_;  ///< shared with every file: only its own name changes in a move
  LogOptions options_;
  std::vector<SealedSegment> sealed_;
  std::optional<ActiveSegment> active_;
  std::int64_t logStartOffset_ = 0;
  std::int64_t flushedOffset_ = 0;
  std::shared_ptr<FlushWork> work_;
  std::uint64_t appendedBytes_ = 0;
  std::array<Cursor, kCursors> cursors_;
  std::shared_ptr<SegmentSwap> swap_;  ///< accepted and not settled
  std::vector<std::string> replacedFiles_;
  /// Rises when offsets are given anew: what was read of the log before says nothing of it any more.
  std::uint64_t truncations_ = 0;
  std::shared_ptr<OpenFiles> files_;  ///< null: every file stays open
  std::function<void()> requestSync_;
};

}  // namespace millrace
