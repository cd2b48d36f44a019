#include "transaction_index.h"

#include <algorithm>
#include <array>

#include "../base/bytes.h"

namespace millrace {
namespace {

constexpr std::int16_t kVersion = 0;
constexpr const char* kSuffix = ".txnindex";

void encode(const AbortedTransaction& entry, std::uint8_t* at) {
  storeBe<std::int16_t>(at, kVersion);
  storeBe<std::int64_t>(at + 2, entry.producerId);
  storeBe<std::int64_t>(at + 10, entry.firstOffset);
  storeBe<std::int64_t>(at + 18, entry.lastOffset);
  storeBe<std::int64_t>(at + 26, entry.lastStableOffset);
}

/// The first entry whose marker lies at or above `offset`; markers increase.
template <typename Entries>
auto firstFrom(Entries& entries, std::int64_t offset) {
  return std::lower_bound(entries.begin(), entries.end(), offset,
                          [](const AbortedTransaction& entry, std::int64_t wanted) { return entry.lastOffset < wanted; });
}

}  // namespace

Result<std::unique_ptr<TransactionIndex>> TransactionIndex::load(FileSystem& fs, const std::string& stem, std::int64_t baseOffset, std::int64_t nextOffset,
                                                                 bool& sane) {
  auto content = readWholeFile(fs, stem + kSuffix);
  if (!content.ok()) return content.error();
  auto index = std::make_unique<TransactionIndex>();
  const std::vector<std::uint8_t>& bytes = content.value();
  sane = bytes.size() % kEntryBytes == 0;
  for (std::size_t at = 0; sane && at < bytes.size(); at += kEntryBytes) {
    const std::uint8_t* const from = bytes.data() + at;
    const AbortedTransaction entry{loadBe<std::int64_t>(from + 2), loadBe<std::int64_t>(from + 10), loadBe<std::int64_t>(from + 18),
                                   loadBe<std::int64_t>(from + 26)};
    const std::int64_t after = index->entries_.empty() ? baseOffset : index->entries_.back().lastOffset + 1;
    sane = loadBe<std::int16_t>(from) == kVersion && entry.producerId >= 0 && entry.firstOffset >= 0 && entry.firstOffset < entry.lastOffset &&
           entry.lastOffset >= after && entry.lastOffset < nextOffset && entry.lastStableOffset >= 0 && entry.lastStableOffset <= entry.lastOffset + 1;
    if (sane) index->entries_.push_back(entry);
  }
  if (!sane) index->entries_.clear();
  return index;
}

Status TransactionIndex::openFile(const File& log) {
  if (file_ != nullptr) return Done{};
  auto file = File::open(log.fileSystem(), log.folder(), log.name().substr(0, log.name().find('.')) + kSuffix);
  if (!file.ok()) return file.error();
  file_ = std::move(file.value());
  return Done{};
}

Status TransactionIndex::append(const File& log, const AbortedTransaction& entry) {
  if (auto status = openFile(log); !status.ok()) return status;
  std::array<std::uint8_t, kEntryBytes> bytes{};
  encode(entry, bytes.data());
  if (auto status = file_->append(bytes.data(), bytes.size()); !status.ok()) return status;
  entries_.push_back(entry);
  return Done{};
}

Status TransactionIndex::truncateTo(const File& log, std::int64_t offset) {
  const auto first = firstFrom(entries_, offset);
  if (first == entries_.end()) return Done{};
  entries_.erase(first, entries_.end());
  if (auto status = openFile(log); !status.ok()) return status;
  return file_->truncate(entries_.size() * kEntryBytes);
}

bool TransactionIndex::collect(std::int64_t from, std::int64_t upper, std::vector<AbortedTransaction>& into) const {
  for (auto entry = firstFrom(entries_, from); entry != entries_.end(); ++entry) {
    if (entry->firstOffset < upper) into.push_back(*entry);
    // Everything below the stable offset was decided by then: what is aborted later begins at or above it.
    if (entry->lastStableOffset >= upper) return true;
  }
  return false;
}

void TransactionIndex::forgetFrom(std::int64_t offset) { entries_.erase(firstFrom(entries_, offset), entries_.end()); }

void TransactionIndex::add(const AbortedTransaction& entry) {
  if (entries_.empty() || entry.lastOffset > entries_.back().lastOffset) entries_.push_back(entry);
}

Status TransactionIndex::store(FileSystem& fs, const std::string& stem, const char* suffix) const {
  std::vector<std::uint8_t> bytes(entries_.size() * kEntryBytes);
  for (std::size_t i = 0; i < entries_.size(); ++i) encode(entries_[i], bytes.data() + i * kEntryBytes);
  return writeWholeFile(fs, stem + kSuffix + suffix, bytes.data(), bytes.size(), true);
}

}  // namespace millrace
