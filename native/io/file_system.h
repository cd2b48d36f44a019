#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <ctime>
#include <string>
#include <vector>

namespace millrace {

struct FileStatus {
  off_t sizeBytes = 0;
  struct timespec modified {};
  /// Which file it is, under whatever name.
  dev_t device = 0;
  ino_t inode = 0;
};

/// The seam between the engine and the kernel: every call that can fail or lose data goes through here, so that tests can make
/// the n-th one fail, or keep the disk in memory. Functions are named after the system call and follow its conventions (-1 and
/// errno). close() is not among them: what must be on the medium was synced before, and nothing follows from its result.
/// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int open(const char* path, int flags, mode_t mode);
  virtual ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t position);
  virtual ssize_t pread(int fd, void* into, std::size_t size, off_t position);
  virtual int fdatasync(int fd);
  virtual int ftruncate(int fd, off_t size);
  /// fallocate: takes room up to `size` without changing the file's length.
  virtual int reserve(int fd, off_t size);
  virtual int rename(const char* from, const char* to);
  virtual int unlink(const char* path);
  virtual int mkdir(const char* path, mode_t mode);
  virtual int rmdir(const char* path);
  /// fstat.
  virtual int status(int fd, FileStatus& into);
  /// stat: as `status` of what `open` would open.
  virtual int statusOf(const char* path, FileStatus& into);
  /// futimens: the time of the last change.
  virtual int setModified(int fd, const struct timespec& time);
  /// opendir and readdir: the names in a directory, without `.` and `..`, in any order.
  virtual int list(const char* path, std::vector<std::string>& names);
  /// An open-file-description lock on the whole file; EAGAIN or EACCES when somebody else has it.
  virtual int lock(int fd);
  /// Opens, fsyncs and closes a directory.
  virtual int syncDirectory(const char* path);
};

/// Opens a file for reading so that its access time stays, where the caller may ask for that: its owner. Follows open().
[[nodiscard]] int openUnnoticed(const char* path);

/// The real one.
[[nodiscard]] FileSystem& posixFileSystem();

}  // namespace millrace
