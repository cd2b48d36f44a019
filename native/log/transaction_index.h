#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../base/result.h"
#include "../io/file.h"

namespace millrace {

/// A transaction that was aborted: the offset of its first record on the partition, that of its marker, and where the last stable
/// offset came to lie by the marker.
struct AbortedTransaction {
  std::int64_t producerId = -1;
  std::int64_t firstOffset = 0;
  std::int64_t lastOffset = 0;
  std::int64_t lastStableOffset = 0;
  bool operator==(const AbortedTransaction&) const = default;
};

/// Kafka's `.txnindex`: the aborted transactions whose markers lie in the segment, in their order. 34-byte entries: int16 version 0,
/// then the four int64 of `AbortedTransaction`. Unlike the other indexes it says what the segment alone does not, so entries are in
/// the file before their markers are in the log, and reach the medium with them. There is no file without an entry.
class TransactionIndex {
 public:
  static constexpr std::size_t kEntryBytes = 34;

  /// The entries of `<stem>.txnindex`. `sane` is false when the file cannot be right for a segment of these offsets; the index is
  /// then empty and has to be made anew from the log.
  [[nodiscard]] static Result<std::unique_ptr<TransactionIndex>> load(FileSystem& fs, const std::string& stem, std::int64_t baseOffset, std::int64_t nextOffset,
                                                                      bool& sane);

  [[nodiscard]] const std::vector<AbortedTransaction>& entries() const noexcept { return entries_; }

  /// Writes one entry behind the others, beside `log`, the segment's own file. A failure leaves the file as it was.
  Status append(const File& log, const AbortedTransaction& entry);
  /// Drops the entries whose markers lie at or above `offset`, in the file as well.
  Status truncateTo(const File& log, std::int64_t offset);
  /// Adds to `into` what overlaps [from, upper). True when no later entry can.
  [[nodiscard]] bool collect(std::int64_t from, std::int64_t upper, std::vector<AbortedTransaction>& into) const;

  /// In memory only, until `store`: for recovery and cleaning.
  void forgetFrom(std::int64_t offset);
  void add(const AbortedTransaction& entry);
  /// Replaces the whole file (`suffix` follows the name), on the medium when it returns. An index without entries is an empty file.
  Status store(FileSystem& fs, const std::string& stem, const char* suffix = "") const;

  /// What the flusher has to sync; null when nothing was written since it was last let go.
  [[nodiscard]] const std::shared_ptr<File>& file() const noexcept { return file_; }
  /// The segment is sealed: nothing will be written any more.
  void release() noexcept { file_.reset(); }

 private:
  [[nodiscard]] Status openFile(const File& log);

  std::vector<AbortedTransaction> entries_;
  std::shared_ptr<File> file_;
};

}  // namespace millrace
