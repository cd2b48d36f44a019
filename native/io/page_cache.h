#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace millrace {

/// What the kernel holds of a file in memory. The loop reads only what is there; what is not is brought in on another thread.
/// Tests give their own. Thread-safe.
class PageCache {
 public:
  virtual ~PageCache() = default;
  /// pread that never waits for the medium: -1 with EAGAIN when the first byte is not in memory, fewer bytes when later ones
  /// are not. Where the file system cannot tell (tmpfs), a plain pread.
  virtual ssize_t read(int fd, void* into, std::size_t size, off_t position);
  /// Whether all of `[position, position + size)` is in memory. True where the kernel cannot tell (before Linux 6.5).
  virtual bool holds(int fd, off_t position, std::size_t size);
  /// Of a range that it `holds`: whether all of it was read, and none is on its way from the medium. Dearer: a mapping for the question.
  virtual bool arrived(int fd, off_t position, std::size_t size);
  /// Whether a file may be read where it is mapped. Not where what is in memory is made up.
  [[nodiscard]] virtual bool mayMap() const noexcept { return true; }
  /// Reads the range into memory, piece by piece, each after the syncs of the device that are under way (`SyncTurns`). Waits. Errors are
  /// left to whoever reads the range next.
  virtual void load(int fd, off_t position, std::size_t size);
};

/// The kernel's.
[[nodiscard]] PageCache& kernelPageCache();

}  // namespace millrace
