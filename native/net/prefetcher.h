#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "../base/unique_fd.h"
#include "../io/page_cache.h"

namespace millrace {

/// Brings parts of files into memory on threads of its own, so that the loop never waits for the medium. Threads start with the
/// first job. `request` and `drain` belong to the loop; `notify` is called on a thread when there is something to drain.
class Prefetcher {
 public:
  struct Job {
    std::shared_ptr<const UniqueFd> file;
    off_t position = 0;
    std::size_t sizeBytes = 0;
    std::uint64_t ticket = 0;
  };
  static constexpr std::size_t kThreads = 2;

  Prefetcher(PageCache& cache, std::function<void()> notify) : cache_(cache), notify_(std::move(notify)) {}
  /// Waits for the jobs under way; the others are dropped.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  void request(Job job);
  /// Tickets of the jobs that ended since the last call.
  [[nodiscard]] std::vector<std::uint64_t> drain();

 private:
  void work();

  PageCache& cache_;
  std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::vector<std::uint64_t> done_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};

}  // namespace millrace
