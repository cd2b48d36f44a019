#pragma once

#include <fcntl.h>

#include <cerrno>
#include <string>

#include "../base/result.h"
#include "../base/unique_fd.h"
#include "file.h"

namespace millrace {

/// The `.lock` file of a log directory. An open-file-description lock: it conflicts with Kafka's own (fcntl) lock and with a
/// second broker in this process alike, and the kernel gives it up when the process dies.
class DirectoryLock {
 public:
  [[nodiscard]] static Result<DirectoryLock> take(FileSystem& fs, const std::string& directory) {
    const std::string path = directory + "/.lock";
    UniqueFd fd(fs.open(path.c_str(), O_RDWR | O_CREAT, 0644));
    if (!fd.valid()) return systemError("open", path, errno);
    if (fs.lock(fd.get()) != 0) {
      if (errno == EAGAIN || errno == EACCES) return Error{Error::Kind::kLocked, "lock", path, errno, {}};
      return systemError("fcntl", path, errno);
    }
    return DirectoryLock(std::move(fd));
  }

  /// Shared with other readers, for who looks at a directory that no broker may be changing meanwhile. Opens read-only and creates
  /// nothing, so that it works on a file system that is mounted so; a directory without `.lock` has no broker, and there is nothing to hold.
  [[nodiscard]] static Result<DirectoryLock> takeShared(FileSystem& fs, const std::string& directory) {
    const std::string path = directory + "/.lock";
    UniqueFd fd(fs.open(path.c_str(), O_RDONLY, 0));
    if (!fd.valid()) {
      if (errno == ENOENT) return DirectoryLock(std::move(fd));
      return systemError("open", path, errno);
    }
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
      if (errno == EAGAIN || errno == EACCES) return Error{Error::Kind::kLocked, "lock", path, errno, {}};
      return systemError("fcntl", path, errno);
    }
    return DirectoryLock(std::move(fd));
  }

 private:
  explicit DirectoryLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace millrace
