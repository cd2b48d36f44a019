#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace {

class File;

/// Bounds the descriptors that the segments of all logs hold. A file that has joined opens itself when it is used; when `most` are
/// open, one that was not used for long is closed first. Nothing is closed that somebody beside its log holds (the flusher, a round
/// of cleaning, a region on its way to a socket), nor a file with bytes that were not synced: who opens it anew might never
/// hear that they could not be written. So the bound can be exceeded for as long as such files are in use.
///
/// Which file goes is decided among a few drawn at random, the longest unused of them: no list to keep up at each append,
/// and a load that goes round more files than there are descriptors still finds most of them open.
///
/// Any thread may open files; only the thread that made this object (the loop) closes them.
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t most) : most_(most), loop_(std::this_thread::get_id()) {}
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// The bound when none is configured: two thirds of the descriptors that this process may have. The rest is for connections.
  [[nodiscard]] static std::size_t mostByLimit() noexcept;

  /// Loop thread only, as everything below but `add`, `remove` and `statistics`.
  void setMost(std::size_t most) noexcept { most_ = most; }
  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  /// Counts uses: a file keeps the number of its last one.
  [[nodiscard]] std::uint32_t use() noexcept { return ++uses_; }
  /// Closes what it must so that one more can be opened. Does nothing on other threads.
  void makeRoom();
  /// Closes up to `count` files, whatever the bound: the process has no descriptor left. Returns how many it closed; 0 on other threads.
  std::size_t shed(std::size_t count);

  void add(const File& file);
  void remove(const File& file);

  struct Statistics {
    std::size_t open = 0;
    std::uint64_t opened = 0;  ///< on demand
    std::uint64_t closed = 0;  ///< to make room
  };
  [[nodiscard]] Statistics statistics();

 private:
  /// Closes the longest unused of a few, or has one of them synced. False when nothing can be done.
  bool closeOne();
  [[nodiscard]] const File* draw();
  [[nodiscard]] bool onLoop() const noexcept { return std::this_thread::get_id() == loop_; }

  std::size_t most_;
  const std::thread::id loop_;
  std::uint32_t uses_ = 0;
  std::uint64_t random_ = 0x9e3779b97f4a7c15ULL;
  std::mutex mutex_;
  /// Guarded by mutex. A file knows its place.
  std::vector<const File*> files_;
  Statistics statistics_;
};

}  // namespace millrace
