#pragma once

#include <cerrno>
#include <filesystem>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "../../native/io/file_system.h"
#include "harness.h"

/// Loses power at its n-th changing call. What was renamed, removed or created in `watched` since the directory was last synced has
/// then happened or not, each for itself; files whose data was not synced are empty.
class CrashFileSystem : public millrace::FileSystem {
 public:
  CrashFileSystem(std::string watched, std::string side) : watched_(std::move(watched)), side_(std::move(side)) {}

  int crashAt = -1;
  int calls = 0;
  [[nodiscard]] bool crashed() const { return crashAt >= 0 && calls > crashAt; }

  int open(const char* path, int flags, mode_t mode) override {
    const bool creates = (flags & O_CREAT) != 0 && !std::filesystem::exists(path);
    if (creates && !alive()) return -1;
    const int fd = FileSystem::open(path, flags, mode);
    if (fd >= 0 && creates) note({Op::kCreate, path, keep(path)});
    return fd;
  }
  ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t position) override {
    if (!alive()) return -1;
    unsynced_.push_back(inodeOf(fd));
    return FileSystem::pwritev(fd, parts, count, position);
  }
  int fdatasync(int fd) override {
    if (!alive()) return -1;
    std::erase(unsynced_, inodeOf(fd));
    return 0;
  }
  int ftruncate(int fd, off_t size) override { return alive() ? FileSystem::ftruncate(fd, size) : -1; }
  int rename(const char* from, const char* to) override {
    if (!alive()) return -1;
    const int done = FileSystem::rename(from, to);
    if (done == 0) note({Op::kRename, from, to});
    return done;
  }
  int unlink(const char* path) override {
    if (!alive()) return -1;
    const int done = FileSystem::unlink(path);
    if (done == 0) note({Op::kUnlink, path, {}});
    return done;
  }
  int syncDirectory(const char* path) override {
    if (!alive()) return -1;
    if (watched_ == path) snapshot();
    return 0;
  }

  /// Takes the state of now, data included, as what is on the medium.
  void assumeSynced() {
    unsynced_.clear();
    snapshot();
  }

  /// The directory is on the medium as it is.
  void snapshot() {
    namespace fs = std::filesystem;
    ops_.clear();
    fs::remove_all(side_);
    fs::create_directories(side_ + "/synced");
    fs::create_directories(side_ + "/created");
    for (const auto& entry : fs::directory_iterator(watched_)) fs::create_hard_link(entry.path(), side_ + "/synced/" + entry.path().filename().string());
  }

  /// Makes the directory what a restart may find.
  void recoverImage(harness::Random& random) {
    namespace fs = std::filesystem;
    for (const auto& entry : fs::directory_iterator(watched_)) fs::remove(entry.path());
    for (const auto& entry : fs::directory_iterator(side_ + "/synced")) fs::create_hard_link(entry.path(), watched_ + "/" + entry.path().filename().string());
    for (const Op& op : ops_) {
      if (random.below(2) == 0) continue;
      std::error_code ignored;
      if (op.kind == Op::kCreate && !fs::exists(op.path)) fs::create_hard_link(op.other, op.path, ignored);
      if (op.kind == Op::kRename && fs::exists(op.path)) fs::rename(op.path, op.other, ignored);
      if (op.kind == Op::kUnlink) fs::remove(op.path, ignored);
    }
    for (const auto& entry : fs::directory_iterator(watched_)) {
      struct stat info {};
      if (::stat(entry.path().c_str(), &info) == 0 && std::find(unsynced_.begin(), unsynced_.end(), info.st_ino) != unsynced_.end())
        fs::resize_file(entry.path(), 0);
    }
  }

 private:
  struct Op {
    enum Kind { kCreate, kRename, kUnlink } kind;
    std::string path;
    std::string other;
  };
  bool alive() {
    if (crashAt < 0 || calls++ < crashAt) return true;
    errno = EIO;
    return false;
  }
  void note(Op op) {
    if (op.path.starts_with(watched_)) ops_.push_back(std::move(op));
  }
  std::string keep(const std::string& path) {
    const std::string name = side_ + "/created/" + std::to_string(kept_++);
    std::error_code ignored;
    std::filesystem::create_hard_link(path, name, ignored);
    return name;
  }
  static ino_t inodeOf(int fd) {
    struct stat info {};
    return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
  }

  std::string watched_;
  std::string side_;
  std::vector<Op> ops_;
  std::vector<ino_t> unsynced_;
  int kept_ = 0;
};
