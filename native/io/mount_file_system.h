#pragma once

#include "file_system.h"

namespace millrace {

/// A directory whose files are symbolic links to somebody else's, which must not change: a file behind a link is only ever opened for
/// reading. Where the engine would cut it, it is left as it is (the engine goes by the length it has in mind), and there is nothing to
/// sync. Renames and removals touch the links. Files of the directory itself are as everywhere.
class MountFileSystem : public FileSystem {
 public:
  int open(const char* path, int flags, mode_t mode) override;
  int fdatasync(int fd) override;
  int ftruncate(int fd, off_t size) override;
};

[[nodiscard]] FileSystem& mountFileSystem();

}  // namespace millrace
