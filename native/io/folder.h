#pragma once

#include <sys/types.h>

#include <shared_mutex>
#include <string>
#include <utility>

#include "../base/result.h"
#include "file_system.h"

namespace millrace {

/// A directory that may be renamed while files in it are opened by name, closed and opened again, on any thread: the names inside
/// never change with it. Whoever opens a file holds the directory's name still for that long; so a file is never looked for where
/// its directory has just left, nor in another one that has taken the name. Thread-safe.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// True until the next `rename`: for who knows that there is none meanwhile, and for what is told to people.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] std::string pathOf(const std::string& name) const { return path() + "/" + name; }

  /// As the calls of `FileSystem`, of a file in this directory: -1 and errno.
  [[nodiscard]] int open(FileSystem& fs, const std::string& name, int flags, mode_t mode) const;
  [[nodiscard]] int statusOf(FileSystem& fs, const std::string& name, FileStatus& into) const;
  /// fsync. One that is renamed meanwhile is synced by its new name.
  Status sync(FileSystem& fs) const;
  /// To another path on the same file system. Waits for opens that have begun. The parents are not synced. On an error nothing has changed.
  Status rename(FileSystem& fs, std::string to);

 private:
  mutable std::shared_mutex mutex_;
  std::string path_;  ///< guarded by mutex
};

}  // namespace millrace
