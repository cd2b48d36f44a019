#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../base/result.h"
#include "../base/unique_fd.h"
#include "file_region.h"
#include "file_system.h"

namespace millrace {

/// An `Error` from errno. ENOSPC and EDQUOT are kNoSpace, everything else kIo.
[[nodiscard]] Error systemError(std::string operation, std::string path, int code);

/// A regular file with its length kept in mind. Its descriptor is shared with the regions that pin it.
/// One writer at a time; `readFully` and `sync` may run on other threads meanwhile.
class File {
 public:
  /// Creates the file when it does not exist.
  [[nodiscard]] static Result<File> open(FileSystem& fs, std::string path);

  /// Appends at the end. On a failure the file is cut back to its old length, so that nothing half-written stays.
  Status append(const std::uint8_t* bytes, std::size_t size);
  /// Reads up to `size` bytes; fewer only at the end of the file.
  [[nodiscard]] Result<std::size_t> readFully(std::uint8_t* into, std::size_t size, std::uint64_t position) const;
  /// Regions that reach beyond `size` are worth nothing from here on.
  Status truncate(std::uint64_t size);
  /// Takes room on the disk up to `size` bytes; the file's length stays. A file system that cannot do that is left alone.
  Status reserve(std::uint64_t size);
  /// Gives back what is reserved behind the end. `likely`: somebody may have reserved it before this object was made.
  Status giveBackReserve(bool likely);
  /// fdatasync. A failure is final: the kernel may have dropped the pages, a second call would lie.
  Status sync();

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void setPath(std::string path) { path_ = std::move(path); }
  /// What regions of this file hold. Loop thread only.
  [[nodiscard]] const std::shared_ptr<const PinnedFile>& pin() const noexcept { return pin_; }
  [[nodiscard]] int descriptor() const noexcept { return fd_->get(); }
  [[nodiscard]] FileSystem& fileSystem() const noexcept { return *fs_; }

 private:
  File(FileSystem& fs, std::string path, UniqueFd fd, std::uint64_t size)
      : fs_(&fs), path_(std::move(path)), fd_(std::make_shared<const UniqueFd>(std::move(fd))), pin_(std::make_shared<const PinnedFile>(fd_)), size_(size) {}

  FileSystem* fs_;
  std::string path_;
  std::shared_ptr<const UniqueFd> fd_;
  std::shared_ptr<const PinnedFile> pin_;  ///< a new one after each truncation
  std::uint64_t size_;
  bool reserved_ = false;
};

/// The whole content of a small file. kIo with ENOENT when it is not there.
[[nodiscard]] Result<std::vector<std::uint8_t>> readWholeFile(FileSystem& fs, const std::string& path);
/// Replaces a small file: temporary name, fdatasync, rename. The caller syncs the directory when it must outlive a crash.
Status writeWholeFile(FileSystem& fs, const std::string& path, const std::uint8_t* bytes, std::size_t size, bool sync);

}  // namespace millrace
