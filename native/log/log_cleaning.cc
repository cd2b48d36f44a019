#include <algorithm>
#include <utility>

#include "log.h"

// What the cleaner makes of sealed segments, and how it takes their place.

namespace millrace {

Result<std::unique_ptr<CleaningJob>> Log::beginCleaning(const CleaningOptions& options) {
  std::vector<CleaningJob::Source> sources;
  for (const SealedSegment& view : sealed_) {
    if (view.baseOffset() >= options.endOffset) break;
    std::int64_t dirtyPosition = 0;
    if (options.firstDirtyOffset > view.baseOffset()) {
      auto found = view.find(options.firstDirtyOffset);
      if (!found.ok()) return found.error();
      dirtyPosition = found.value().has_value() ? found.value()->position : view.sizeBytes();
    }
    const auto [offsetEntries, timeEntries] = view.indexEntries();
    sources.push_back({view.baseOffset(), view.sizeBytes(), dirtyPosition, offsetEntries, timeEntries, view.file(), view.transactions() != nullptr});
  }
  if (sources.empty() || options.firstDirtyOffset >= options.endOffset) return std::unique_ptr<CleaningJob>();
  CleaningOptions complete = options;
  complete.aborted = abortedTransactions(sources.front().baseOffset, options.endOffset);
  auto job = std::make_unique<CleaningJob>(fs_, folder_, std::move(sources), std::move(complete));
  job->truncations = truncations_;
  return job;
}

Log::Cleaning Log::continueCleaning(CleaningJob& job) {
  if (outlived(job)) return Cleaning::kCancelled;
  switch (job.stage()) {
    case CleaningJob::Stage::kDone:
      return Cleaning::kDone;
    case CleaningJob::Stage::kOffering:
      return acceptSwap(job) ? Cleaning::kGoesOn : Cleaning::kCancelled;
    case CleaningJob::Stage::kSwapping: {
      settleSwap();
      {
        const std::lock_guard lock(job.swap()->mutex);
        if (job.swap()->state != SegmentSwap::State::kDone) return Cleaning::kCancelled;
      }
      job.settled();
      return job.stage() == CleaningJob::Stage::kDone ? Cleaning::kDone : Cleaning::kGoesOn;
    }
    default:
      return Cleaning::kGoesOn;
  }
}

bool Log::acceptSwap(CleaningJob& job) {
  if (swap_ != nullptr) return false;
  const std::vector<std::shared_ptr<File>>& old = job.swap()->oldFiles;
  const auto first = std::find_if(sealed_.begin(), sealed_.end(), [&](const SealedSegment& view) { return view.file() == old.front(); });
  if (static_cast<std::size_t>(sealed_.end() - first) < old.size()) return false;
  if (!std::equal(old.begin(), old.end(), first, [](const std::shared_ptr<File>& file, const SealedSegment& view) { return view.file() == file; })) return false;
  std::for_each(first, first + static_cast<std::ptrdiff_t>(old.size()), [](SealedSegment& view) { view.leaveIndexFiles(); });
  swap_ = job.swap();
  job.accepted();
  return true;
}

void Log::settleSwap() {
  if (swap_ == nullptr) return;
  const std::shared_ptr<SegmentSwap> swap = std::exchange(swap_, nullptr);
  const std::lock_guard swapLock(swap->mutex);
  if (swap->state == SegmentSwap::State::kOffered) swap->state = SegmentSwap::State::kCancelled;
  if (swap->state != SegmentSwap::State::kDone) return;
  const auto first = std::find_if(sealed_.begin(), sealed_.end(), [&](const SealedSegment& view) { return view.file() == swap->oldFiles.front(); });
  const auto after = sealed_.erase(first, first + static_cast<std::ptrdiff_t>(swap->oldFiles.size()));
  const auto added = sealed_.insert(after, SealedSegment(std::move(*swap->segment)));
  added->dropIndex();
  joined(*added);
  for (const auto& file : swap->oldFiles) file->leave();
  cursors_.fill(Cursor{});
  replacedFiles_.insert(replacedFiles_.end(), swap->deletedFiles.begin(), swap->deletedFiles.end());
  const std::lock_guard lock(work_->mutex);
  for (const auto& file : swap->oldFiles) std::erase(work_->dirty, file);
}

}  // namespace millrace
