#pragma once

#include <atomic>
#include <cerrno>

#include "../../native/io/file_system.h"

/// Fails the n-th call that changes or syncs a file. What has no lock is set before other threads use it.
class FaultyFileSystem : public millrace::FileSystem {
 public:
  std::atomic<int> failAt = -1;
  int error = EIO;
  bool partial = false;
  std::atomic<int> calls = 0;
  /// Syncs are counted but not made.
  bool quick = false;

  bool strikes() {
    if (calls++ != failAt) return false;
    errno = error;
    return true;
  }
  ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t position) override {
    if (!strikes()) return FileSystem::pwritev(fd, parts, count, position);
    if (partial && parts[0].iov_len > 10) {
      const struct iovec half = {parts[0].iov_base, parts[0].iov_len / 2};
      failAt = calls.load();  // the rest fails
      return FileSystem::pwritev(fd, &half, 1, position);
    }
    return -1;
  }
  int fdatasync(int fd) override { return strikes() ? -1 : quick ? 0 : FileSystem::fdatasync(fd); }
  int ftruncate(int fd, off_t size) override { return strikes() ? -1 : FileSystem::ftruncate(fd, size); }
  int rename(const char* from, const char* to) override { return strikes() ? -1 : FileSystem::rename(from, to); }
  int unlink(const char* path) override { return strikes() ? -1 : FileSystem::unlink(path); }
  int syncDirectory(const char* path) override { return strikes() ? -1 : quick ? 0 : FileSystem::syncDirectory(path); }
};

/// Syncs nothing: for tests that are not about the medium.
class QuickFileSystem : public millrace::FileSystem {
 public:
  int fdatasync(int) override { return 0; }
  int syncDirectory(const char*) override { return 0; }
};
