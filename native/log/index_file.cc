#include "index_file.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "../base/bytes.h"
#include "../io/file.h"

namespace millrace {
namespace {

/// Entries that are read at once when the search has come so close.
constexpr std::size_t kBlockEntries = 256;

OffsetEntry offsetEntry(const std::uint8_t* at) { return {loadBe<std::int32_t>(at), loadBe<std::int32_t>(at + 4)}; }
TimeEntry timeEntry(const std::uint8_t* at) { return {loadBe<std::int64_t>(at), loadBe<std::int32_t>(at + 8)}; }

bool empty(const OffsetEntry& entry) { return entry.relativeOffset == 0 && entry.position == 0; }
bool empty(const TimeEntry& entry) { return entry.timestampMs == 0 && entry.relativeOffset == 0; }

/// Invalid when the file is not there.
Result<UniqueFd> openIndex(FileSystem& fs, const std::string& path) {
  UniqueFd fd(fs.open(path.c_str(), O_RDONLY, 0));
  if (!fd.valid() && errno != ENOENT) return systemError("open", path, errno);
  return fd;
}

/// Fewer bytes at the end of the file.
Result<std::size_t> readEntries(FileSystem& fs, int fd, const std::string& path, std::uint8_t* into, std::size_t bytes, std::size_t position) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = fs.pread(fd, into + done, bytes - done, static_cast<off_t>(position + done));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return systemError("pread", path, errno);
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

/// The last entry for which `counts` says yes; it says so of all before it, too.
template <typename Entry, std::size_t kEntryBytes, typename Load, typename Counts>
Result<std::optional<Entry>> lastOf(FileSystem& fs, const std::string& path, Load load, Counts counts) {
  auto opened = openIndex(fs, path);
  if (!opened.ok()) return opened.error();
  const UniqueFd fd = std::move(opened.value());
  if (!fd.valid()) return std::optional<Entry>{};
  FileStatus info;
  if (fs.status(fd.get(), info) != 0) return systemError("fstat", path, errno);
  std::array<std::uint8_t, kBlockEntries * kEntryBytes> block;
  // Of the entries before `low` the last one counts; none from `high` on does.
  std::size_t low = 0;
  std::size_t high = static_cast<std::size_t>(info.sizeBytes) / kEntryBytes;
  std::optional<Entry> found;
  const auto yes = [&](std::size_t index, const Entry& entry) { return (index == 0 || !empty(entry)) && counts(entry); };
  while (high - low > kBlockEntries) {
    const std::size_t middle = low + (high - low) / 2;
    auto got = readEntries(fs, fd.get(), path, block.data(), kEntryBytes, middle * kEntryBytes);
    if (!got.ok()) return got.error();
    const Entry entry = load(block.data());
    if (got.value() == kEntryBytes && yes(middle, entry)) {
      found = entry;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  auto got = readEntries(fs, fd.get(), path, block.data(), (high - low) * kEntryBytes, low * kEntryBytes);
  if (!got.ok()) return got.error();
  for (std::size_t i = 0; (i + 1) * kEntryBytes <= got.value(); ++i) {
    const Entry entry = load(block.data() + i * kEntryBytes);
    if (!yes(low + i, entry)) break;
    found = entry;
  }
  return found;
}

}  // namespace

Result<std::optional<OffsetEntry>> IndexFile::floorOffset(std::int32_t relativeOffset) const {
  return lastOf<OffsetEntry, kOffsetEntryBytes>(fs_, stem_ + ".index", offsetEntry, [=](const OffsetEntry& entry) { return entry.relativeOffset <= relativeOffset; });
}

Result<std::optional<OffsetEntry>> IndexFile::floorPosition(std::int64_t position) const {
  return lastOf<OffsetEntry, kOffsetEntryBytes>(fs_, stem_ + ".index", offsetEntry, [=](const OffsetEntry& entry) { return entry.position <= position; });
}

Result<std::optional<TimeEntry>> IndexFile::below(std::int64_t timestampMs) const {
  return lastOf<TimeEntry, kTimeEntryBytes>(fs_, stem_ + ".timeindex", timeEntry, [=](const TimeEntry& entry) { return entry.timestampMs < timestampMs; });
}

Result<std::optional<TimeEntry>> IndexFile::last() const {
  const std::string path = stem_ + ".timeindex";
  auto fd = openIndex(fs_, path);
  if (!fd.ok()) return fd.error();
  if (!fd.value().valid()) return std::optional<TimeEntry>{};
  FileStatus info;
  if (fs_.status(fd.value().get(), info) != 0) return systemError("fstat", path, errno);
  const std::size_t entries = static_cast<std::size_t>(info.sizeBytes) / kTimeEntryBytes;
  if (entries == 0) return std::optional<TimeEntry>{};
  std::array<std::uint8_t, kTimeEntryBytes> bytes;
  auto got = readEntries(fs_, fd.value().get(), path, bytes.data(), bytes.size(), (entries - 1) * kTimeEntryBytes);
  if (!got.ok()) return got.error();
  return got.value() == bytes.size() ? std::optional<TimeEntry>{timeEntry(bytes.data())} : std::nullopt;
}

std::optional<IndexFile::Counts> IndexFile::counts() const {
  FileStatus offsets;
  FileStatus times;
  if (fs_.statusOf((stem_ + ".index").c_str(), offsets) != 0 || fs_.statusOf((stem_ + ".timeindex").c_str(), times) != 0) return std::nullopt;
  const auto offsetBytes = static_cast<std::size_t>(offsets.sizeBytes);
  const auto timeBytes = static_cast<std::size_t>(times.sizeBytes);
  if (offsetBytes % kOffsetEntryBytes != 0 || timeBytes % kTimeEntryBytes != 0 || timeBytes == 0) return std::nullopt;
  return Counts{offsetBytes / kOffsetEntryBytes, timeBytes / kTimeEntryBytes};
}

}  // namespace millrace
