#include "quarantine.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace millrace {
namespace {

constexpr std::size_t kWindowBytes = 1 << 20;

std::string quarantineName(const std::string& what, int number) { return what + ".quarantine" + (number == 0 ? std::string() : "." + std::to_string(number)); }

/// The number of the first name that nothing has.
Result<int> unusedNumber(FileSystem& fs, const Folder& folder, const std::string& what) {
  FileStatus info;
  for (int number = 0;; ++number) {
    if (folder.statusOf(fs, quarantineName(what, number), info) == 0) continue;
    if (errno != ENOENT) return systemError("stat", folder.pathOf(quarantineName(what, number)), errno);
    return number;
  }
}

/// Whether `kept` is the tail behind `from` already: a crash came before it was cut off.
Result<bool> isTail(const File& kept, const File& log, std::int64_t from) {
  if (kept.size() != log.size() - static_cast<std::uint64_t>(from)) return false;
  std::vector<std::uint8_t> ours(kWindowBytes);
  std::vector<std::uint8_t> theirs(kWindowBytes);
  for (std::uint64_t at = 0; at < kept.size();) {
    auto mine = kept.readFully(ours.data(), ours.size(), at);
    if (!mine.ok()) return mine.error();
    auto other = log.readFully(theirs.data(), theirs.size(), static_cast<std::uint64_t>(from) + at);
    if (!other.ok()) return other.error();
    const auto end = ours.begin() + static_cast<std::ptrdiff_t>(mine.value());
    if (mine.value() == 0 || mine.value() != other.value() || !std::equal(ours.begin(), end, theirs.begin())) return false;
    at += mine.value();
  }
  return true;
}

Status copyTail(const File& log, std::int64_t from, File& into) {
  if (into.size() > 0) {
    if (auto status = into.truncate(0); !status.ok()) return status;
  }
  std::vector<std::uint8_t> window(kWindowBytes);
  for (auto at = static_cast<std::uint64_t>(from); at < log.size();) {
    auto got = log.readFully(window.data(), window.size(), at);
    if (!got.ok()) return got.error();
    if (got.value() == 0) break;
    if (auto status = into.append(window.data(), got.value()); !status.ok()) return status;
    at += got.value();
  }
  return into.sync();
}

}  // namespace

Status keepTail(FileSystem& fs, const SegmentView& segment, std::int64_t from) {
  const File& log = *segment.file();
  const std::shared_ptr<const Folder>& folder = log.folder();
  const std::string what = log.name() + "." + std::to_string(from);
  const auto number = unusedNumber(fs, *folder, what);
  if (!number.ok()) return number.error();
  if (number.value() > 0) {
    auto last = File::open(fs, folder, quarantineName(what, number.value() - 1));
    if (!last.ok()) return last.error();
    const auto same = isTail(*last.value(), log, from);
    if (!same.ok()) return same.error();
    if (same.value()) return folder->sync(fs);
  }
  // Under its name it is whole: what an interrupted recovery leaves goes with the other temporary files.
  const std::string temporary = quarantineName(what, number.value()) + ".tmp";
  auto opened = File::open(fs, folder, temporary);
  if (!opened.ok()) return opened.error();
  if (auto status = copyTail(log, from, *opened.value()); !status.ok()) return status;
  const std::string path = folder->pathOf(temporary);
  if (fs.rename(path.c_str(), folder->pathOf(quarantineName(what, number.value())).c_str()) != 0) return systemError("rename", path, errno);
  return folder->sync(fs);
}

Status quarantineSegment(FileSystem& fs, const Folder& folder, std::int64_t baseOffset, bool empty) {
  const std::string name = offsetFileName(baseOffset);
  const std::string log = folder.pathOf(name + ".log");
  if (empty) {
    if (fs.unlink(log.c_str()) != 0) return systemError("unlink", log, errno);
  } else {
    const auto number = unusedNumber(fs, folder, name + ".log");
    if (!number.ok()) return number.error();
    if (fs.rename(log.c_str(), folder.pathOf(quarantineName(name + ".log", number.value())).c_str()) != 0) return systemError("rename", log, errno);
  }
  // The log itself is gone by now.
  return unlinkEach(fs, folder.pathOf(name), std::span(kSegmentSuffixes).first<kSegmentSuffixes.size() - 1>());
}

}  // namespace millrace
