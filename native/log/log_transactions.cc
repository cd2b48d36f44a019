#include <algorithm>
#include <cerrno>

#include "log.h"

namespace millrace {

SegmentView& Log::segment(std::size_t index) noexcept {
  if (index < sealed_.size()) return sealed_[index];
  return *active_;
}

Status Log::loadTransactions(const std::vector<std::int64_t>& bases, RecoveryReport& report) {
  for (const std::int64_t base : bases) {
    SegmentView& view = segment(segmentFor(base));
    if (view.baseOffset() != base) {
      // Its segment is gone: a crash came between the two files.
      if (auto status = unlinkEach(fs_, folder_->pathOf(offsetFileName(base)), std::array{".txnindex"}); !status.ok()) return status;
      continue;
    }
    bool sane = false;
    auto index = TransactionIndex::load(fs_, view.stem(), base, view.nextOffset(), sane);
    if (!index.ok()) return index.error();
    // What a crash left of the last entries tells nothing; the entries themselves are found again below.
    if (!sane) report.transactionsLostFrom = std::min(report.transactionsLostFrom, base);
    view.setTransactions(std::move(index.value()));
    // Who wrote it may have died before it was synced, and it is synced with the markers it speaks of or never.
    if (options_.cleanShutdown || view.nextOffset() <= options_.recoveryPoint) continue;
    const std::lock_guard lock(work_->mutex);
    work_->dirtyNames.push_back(offsetFileName(base) + ".txnindex");
  }
  if (!options_.cleanShutdown && options_.recoveryPoint < logEndOffset())
    report.transactionsLostFrom = std::min(report.transactionsLostFrom, std::max(options_.recoveryPoint, segment(0).baseOffset()));
  for (std::size_t i = 0; i < segmentCount(); ++i)
    if (TransactionIndex* const index = segment(i).transactions(); index != nullptr) index->forgetFrom(report.transactionsLostFrom);
  return Done{};
}

Status Log::appendAborted(const AbortedTransaction& aborted) {
  if (active_->transactions() == nullptr) active_->setTransactions(std::make_unique<TransactionIndex>());
  TransactionIndex& index = *active_->transactions();
  if (auto status = index.append(*active_->file(), aborted); !status.ok()) return status;
  const std::lock_guard lock(work_->mutex);
  // In front: what is active comes last.
  if (std::find(work_->dirty.begin(), work_->dirty.end(), index.file()) == work_->dirty.end()) work_->dirty.insert(work_->dirty.begin(), index.file());
  work_->directoryDirty = true;
  return Done{};
}

std::size_t Log::abortedCount() const noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < segmentCount(); ++i)
    if (const TransactionIndex* const index = segment(i).transactions(); index != nullptr) count += index->entries().size();
  return count;
}

std::vector<AbortedTransaction> Log::abortedTransactions(std::int64_t from, std::int64_t upper) const {
  std::vector<AbortedTransaction> aborted;
  for (std::size_t i = segmentFor(from); i < segmentCount(); ++i) {
    const TransactionIndex* const index = segment(i).transactions();
    if (index != nullptr && index->collect(from, upper, aborted)) break;
  }
  return aborted;
}

Status Log::restoreAborted(std::int64_t lostFrom, const std::vector<AbortedTransaction>& aborted) {
  for (const AbortedTransaction& one : aborted) {
    if (one.lastOffset < lostFrom || one.lastOffset >= logEndOffset()) continue;
    SegmentView& view = segment(segmentFor(one.lastOffset));
    if (view.transactions() == nullptr) view.setTransactions(std::make_unique<TransactionIndex>());
    view.transactions()->add(one);
  }
  bool replaced = false;
  for (std::size_t i = 0; i < segmentCount(); ++i) {
    SegmentView& view = segment(i);
    if (view.transactions() == nullptr || view.nextOffset() <= lostFrom) continue;
    bool sane = false;
    auto stored = TransactionIndex::load(fs_, view.stem(), view.baseOffset(), view.nextOffset(), sane);
    if (stored.ok() && sane && stored.value()->entries() == view.transactions()->entries()) continue;
    if (auto status = view.transactions()->store(fs_, view.stem()); !status.ok()) return status;
    replaced = true;
  }
  return replaced ? syncFolder() : Status(Done{});
}

}  // namespace millrace
