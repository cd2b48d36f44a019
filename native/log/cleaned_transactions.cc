#include "cleaned_transactions.h"

#include <algorithm>

#include "transaction_marker.h"

namespace millrace {

CleanedTransactions::CleanedTransactions(std::vector<AbortedTransaction> aborted) : aborted_(std::move(aborted)) {
  std::sort(aborted_.begin(), aborted_.end(),
            [](const AbortedTransaction& one, const AbortedTransaction& other) { return one.firstOffset < other.firstOffset; });
}

void CleanedTransactions::beginUpTo(std::int64_t offset) {
  for (; next_ < aborted_.size() && aborted_[next_].firstOffset <= offset; ++next_) ongoing_.try_emplace(aborted_[next_].producerId, Aborted{aborted_[next_]});
}

bool CleanedTransactions::isAborted(const BatchHeader& header) {
  beginUpTo(header.lastOffset());
  if (!isTransactional(header)) return false;
  const auto found = ongoing_.find(header.producerId);
  if (found == ongoing_.end()) {
    committed_.insert(header.producerId);
    return false;
  }
  found->second.seen = true;
  return true;
}

bool CleanedTransactions::isIdleMarker(const BatchHeader& header, ByteView records) {
  beginUpTo(header.lastOffset());
  // An empty control batch was cleaned before.
  if (records.empty()) return true;
  const auto marker = markerOf(records);
  if (!marker.has_value()) return false;
  if (marker->type == TransactionMarker::Type::kCommit) return committed_.erase(header.producerId) == 0;
  const auto found = ongoing_.find(header.producerId);
  if (found == ongoing_.end()) return true;
  const Aborted aborted = found->second;
  ongoing_.erase(found);
  if (aborted.seen) retained_.push_back(aborted.transaction);
  return !aborted.seen;
}

}  // namespace millrace
