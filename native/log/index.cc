#include "index.h"

#include <algorithm>

#include "../base/bytes.h"
#include "../io/file.h"

namespace millrace {

void SegmentIndex::addOffset(std::int32_t relativeOffset, std::int32_t position) {
  if (!offsets_.empty() && relativeOffset <= offsets_.back().relativeOffset) return;
  offsets_.push_back({relativeOffset, position});
}

void SegmentIndex::addTime(std::int64_t timestampMs, std::int32_t relativeOffset) {
  if (timestampMs < 0) return;
  if (!times_.empty() && (timestampMs <= times_.back().timestampMs || relativeOffset <= times_.back().relativeOffset)) return;
  times_.push_back({timestampMs, relativeOffset});
}

std::int32_t SegmentIndex::lookup(std::int32_t relativeOffset) const noexcept {
  const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), relativeOffset,
                                      [](std::int32_t wanted, const OffsetEntry& entry) { return wanted < entry.relativeOffset; });
  return after == offsets_.begin() ? 0 : std::prev(after)->position;
}

std::int32_t SegmentIndex::floorPosition(std::int64_t position) const noexcept {
  const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), position,
                                      [](std::int64_t wanted, const OffsetEntry& entry) { return wanted < entry.position; });
  return after == offsets_.begin() ? 0 : std::prev(after)->position;
}

std::int32_t SegmentIndex::lookupTime(std::int64_t timestampMs) const noexcept {
  const auto first = std::lower_bound(times_.begin(), times_.end(), timestampMs,
                                      [](const TimeEntry& entry, std::int64_t wanted) { return entry.timestampMs < wanted; });
  return first == times_.begin() ? 0 : std::prev(first)->relativeOffset;
}

void SegmentIndex::truncate(std::int32_t relativeOffset) {
  while (!offsets_.empty() && offsets_.back().relativeOffset >= relativeOffset) offsets_.pop_back();
  while (!times_.empty() && times_.back().relativeOffset >= relativeOffset) times_.pop_back();
}

void SegmentIndex::clear() {
  offsets_.clear();
  times_.clear();
}

Status SegmentIndex::store(FileSystem& fs, const std::string& stem, bool sync, const char* suffix) const {
  // Times first: beside an older offset index they say all there is to say, but an offset index beside older times hides the timestamps
  // of what it skips.
  std::vector<std::uint8_t> bytes(times_.size() * kTimeEntryBytes);
  std::uint8_t* at = bytes.data();
  for (const TimeEntry& entry : times_) {
    storeBe(at, entry.timestampMs);
    storeBe(at + 8, entry.relativeOffset);
    at += kTimeEntryBytes;
  }
  if (auto status = writeWholeFile(fs, stem + ".timeindex" + suffix, bytes.data(), bytes.size(), sync); !status.ok()) return status;
  bytes.assign(offsets_.size() * kOffsetEntryBytes, 0);
  at = bytes.data();
  for (const OffsetEntry& entry : offsets_) {
    storeBe(at, entry.relativeOffset);
    storeBe(at + 4, entry.position);
    at += kOffsetEntryBytes;
  }
  return writeWholeFile(fs, stem + ".index" + suffix, bytes.data(), bytes.size(), sync);
}

bool SegmentIndex::load(FileSystem& fs, const std::string& stem, std::uint64_t logBytes) {
  clear();
  auto offsets = readWholeFile(fs, stem + ".index");
  auto times = readWholeFile(fs, stem + ".timeindex");
  if (!offsets.ok() || !times.ok()) return false;
  if (offsets.value().size() % kOffsetEntryBytes != 0 || times.value().size() % kTimeEntryBytes != 0) return false;
  for (std::size_t i = 0; i < offsets.value().size(); i += kOffsetEntryBytes) {
    const std::uint8_t* at = offsets.value().data() + i;
    const OffsetEntry entry{loadBe<std::int32_t>(at), loadBe<std::int32_t>(at + 4)};
    // Zeros: a preallocated file of a broker that did not stop in an orderly way, or one whose blocks never reached the medium. The
    // other index may be in the same state without showing it.
    if (entry.relativeOffset == 0 && entry.position == 0) {
      clear();
      return false;
    }
    const bool grows = offsets_.empty() || (entry.relativeOffset > offsets_.back().relativeOffset && entry.position > offsets_.back().position);
    if (!grows || entry.relativeOffset < 0 || entry.position < 0 || static_cast<std::uint64_t>(entry.position) >= logBytes) {
      clear();
      return false;
    }
    offsets_.push_back(entry);
  }
  for (std::size_t i = 0; i < times.value().size(); i += kTimeEntryBytes) {
    const std::uint8_t* at = times.value().data() + i;
    const TimeEntry entry{loadBe<std::int64_t>(at), loadBe<std::int32_t>(at + 8)};
    if (entry.timestampMs == 0 && entry.relativeOffset == 0) {
      clear();
      return false;
    }
    if (!times_.empty() && (entry.timestampMs < times_.back().timestampMs || entry.relativeOffset < times_.back().relativeOffset)) {
      clear();
      return false;
    }
    times_.push_back(entry);
  }
  // A log of more than a few batches has entries; an empty index beside one was never written.
  return logBytes == 0 || !times_.empty();
}

}  // namespace millrace
