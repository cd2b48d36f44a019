#include "segment_swap.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace millrace {
namespace {

/// The log comes last: while it has its old name, what is beside it does not count.
constexpr const char* kReplaced[] = {".txnindex", ".index", ".timeindex", ".log"};
/// Only some segments have one.
constexpr const char* kOptional = kReplaced[0];
constexpr const char* kAll[] = {".log", ".index", ".timeindex", ".txnindex", ".snapshot"};

/// A failure in the middle of renames is kIo whatever the errno: the directory goes to recovery.
Error ioError(const char* operation, const std::string& path, int code) { return Error{Error::Kind::kIo, operation, path, code, {}}; }

Status rename(FileSystem& fs, const std::string& from, const std::string& to, bool mayBeMissing) {
  if (fs.rename(from.c_str(), to.c_str()) == 0 || (mayBeMissing && errno == ENOENT)) return Done{};
  return ioError("rename", from, errno);
}

Status sync(FileSystem& fs, const std::string& directory) {
  if (fs.syncDirectory(directory.c_str()) == 0) return Done{};
  return ioError("fsync", directory, errno);
}

Status renameSteps(FileSystem& fs, const std::string& directory, SegmentSwap& swap) {
  const std::string& stem = swap.oldStems.front();
  // Their names go, and they are read until the log has taken over the new one.
  for (const auto& file : swap.oldFiles) {
    if (auto status = file->ensureOpen(); !status.ok()) return status;
  }
  for (const char* kind : kReplaced) {
    if (auto status = rename(fs, stem + kind + kCleanedSuffix, stem + kind + kSwapSuffix, kind == kOptional); !status.ok()) return status;
  }
  if (auto status = sync(fs, directory); !status.ok()) return status;
  for (std::size_t i = 1; i < swap.oldStems.size(); ++i) {
    for (const char* kind : kAll) {
      const std::string from = swap.oldStems[i] + kind;
      if (fs.rename(from.c_str(), (from + ".deleted").c_str()) == 0) swap.deletedFiles.push_back(from + ".deleted");
      else if (errno != ENOENT) return ioError("rename", from, errno);
    }
  }
  if (auto status = sync(fs, directory); !status.ok()) return status;
  for (const char* kind : kReplaced) {
    if (auto status = rename(fs, stem + kind + kSwapSuffix, stem + kind, kind == kOptional); !status.ok()) return status;
  }
  return sync(fs, directory);
}

/// `00000000000000000042.log.swap`: 42, `.log`. The kind is empty when the name is of another form.
struct SegmentFile {
  std::int64_t baseOffset = 0;
  std::string kind;
};

SegmentFile parse(const std::string& name, const std::string& suffix) {
  if (!name.ends_with(suffix) || name.find_first_not_of("0123456789") != 20) return {};
  const std::string kind = name.substr(20, name.size() - 20 - suffix.size());
  if (std::none_of(std::begin(kAll), std::end(kAll), [&](const char* one) { return kind == one; })) return {};
  return {std::strtoll(name.c_str(), nullptr, 10), kind};
}

Result<std::vector<std::string>> list(FileSystem& fs, const std::string& directory) {
  std::vector<std::string> names;
  if (fs.list(directory.c_str(), names) != 0) return systemError("readdir", directory, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status unlink(FileSystem& fs, const std::string& path) {
  if (fs.unlink(path.c_str()) != 0 && errno != ENOENT) return ioError("unlink", path, errno);
  return Done{};
}

/// Offset after the last record of a log file; kCorrupt when it does not consist of whole batches.
Result<std::int64_t> nextOffsetOf(FileSystem& fs, const std::string& path, std::int64_t baseOffset) {
  auto file = File::open(fs, path);
  if (!file.ok()) return file.error();
  const auto size = static_cast<std::int64_t>(file.value()->size());
  HeaderWalker walker(*file.value(), 0, size);
  std::int64_t next = baseOffset;
  for (;;) {
    auto batch = walker.next();
    if (!batch.ok()) return batch.error();
    if (!batch.value().has_value()) break;
    next = batch.value()->header.lastOffset() + 1;
  }
  if (walker.position() != size)
    return Error{Error::Kind::kCorrupt, "recover", path, 0, "a cleaned segment is damaged at position " + std::to_string(walker.position())};
  return next;
}

/// The segments that lie within what the cleaned ones cover give way; those that bear a cleaned one's name are replaced.
Status removeCovered(FileSystem& fs, const std::string& directory, const std::vector<std::string>& names, const std::vector<std::string>& swaps) {
  std::int64_t least = INT64_MAX;
  std::int64_t end = 0;
  std::vector<std::int64_t> own;
  for (const std::string& name : swaps) {
    const SegmentFile file = parse(name, kSwapSuffix);
    if (file.kind != ".log") continue;
    auto next = nextOffsetOf(fs, directory + "/" + name, file.baseOffset);
    if (!next.ok()) return next.error();
    least = std::min(least, file.baseOffset);
    end = std::max(end, next.value());
    own.push_back(file.baseOffset);
  }
  for (const std::string& name : names) {
    const SegmentFile file = parse(name, "");
    if (file.kind.empty() || file.baseOffset < least || file.baseOffset >= end) continue;
    if (std::find(own.begin(), own.end(), file.baseOffset) != own.end()) continue;
    if (auto status = unlink(fs, directory + "/" + name); !status.ok()) return status;
  }
  return sync(fs, directory);
}

}  // namespace

Status performSwap(FileSystem& fs, const std::string& directory, SegmentSwap& swap) {
  const std::lock_guard lock(swap.mutex);
  if (swap.state != SegmentSwap::State::kOffered) return Done{};
  auto status = renameSteps(fs, directory, swap);
  swap.state = status.ok() ? SegmentSwap::State::kDone : SegmentSwap::State::kFailed;
  return status;
}

void removeCleaned(FileSystem& fs, const std::string& stem) {
  for (const char* kind : kReplaced) (void)fs.unlink((stem + kind + kCleanedSuffix).c_str());
}

Status recoverSwaps(FileSystem& fs, const std::string& directory) {
  auto listed = list(fs, directory);
  if (!listed.ok()) return listed.error();
  const std::vector<std::string>& names = listed.value();
  std::int64_t firstCleaned = INT64_MAX;
  for (const std::string& name : names)
    if (const SegmentFile file = parse(name, kCleanedSuffix); !file.kind.empty()) firstCleaned = std::min(firstCleaned, file.baseOffset);
  std::vector<std::string> swaps;
  bool undone = false;
  // A `.cleaned` file left means that the renames to `.swap` were not all made: those from it on do not count.
  for (const std::string& name : names) {
    const SegmentFile file = parse(name, kSwapSuffix);
    if (file.kind.empty()) continue;
    if (file.baseOffset < firstCleaned) {
      swaps.push_back(name);
      continue;
    }
    if (auto status = unlink(fs, directory + "/" + name); !status.ok()) return status;
    undone = true;
  }
  // On the medium before the `.cleaned` files go, which are what tells that the rest does not count.
  if (undone) {
    if (auto status = sync(fs, directory); !status.ok()) return status;
  }
  for (const std::string& name : names) {
    if (parse(name, kCleanedSuffix).kind.empty()) continue;
    if (auto status = unlink(fs, directory + "/" + name); !status.ok()) return status;
  }
  if (swaps.empty()) return Done{};
  if (auto status = removeCovered(fs, directory, names, swaps); !status.ok()) return status;
  for (const bool logs : {false, true}) {
    for (const std::string& name : swaps) {
      if ((parse(name, kSwapSuffix).kind == ".log") != logs) continue;
      const std::string path = directory + "/" + name;
      if (auto status = rename(fs, path, path.substr(0, path.size() - std::string(kSwapSuffix).size()), false); !status.ok()) return status;
    }
  }
  return sync(fs, directory);
}

}  // namespace millrace
