#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "../codec/codec.h"
#include "batch.h"
#include "transaction_index.h"

namespace millrace {

/// What a pass over a log knows of its transactions, batch by batch in order (Kafka's CleanedTransactionMetadata): whether a batch
/// was aborted, whether a marker still ends anything, and which aborted transactions the new segments have to name.
class CleanedTransactions {
 public:
  /// `aborted`: every aborted transaction that overlaps what the pass reads, once, in any order.
  explicit CleanedTransactions(std::vector<AbortedTransaction> aborted);

  /// Whether the data batch belongs to an aborted transaction.
  [[nodiscard]] bool isAborted(const BatchHeader& header);
  /// Whether no batch of the transaction that the control batch ends was seen: then the marker says nothing any more.
  [[nodiscard]] bool isIdleMarker(const BatchHeader& header, ByteView records);
  /// Aborted transactions whose markers went by and have to stay, since it was last asked.
  [[nodiscard]] std::vector<AbortedTransaction> takeRetained() noexcept { return std::exchange(retained_, {}); }

 private:
  struct Aborted {
    AbortedTransaction transaction;
    bool seen = false;
  };
  /// Those that begin at or before `offset` are under way.
  void beginUpTo(std::int64_t offset);

  std::vector<AbortedTransaction> aborted_;
  std::size_t next_ = 0;
  std::unordered_map<std::int64_t, Aborted> ongoing_;
  std::unordered_set<std::int64_t> committed_;
  std::vector<AbortedTransaction> retained_;
};

}  // namespace millrace
