#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace millrace {

/// Threads for jobs that take long, so that they keep nobody else's waiting (libuv's pool is for short work). A thread is there as
/// long as there are jobs for it.
class JobThreads {
 public:
  /// Drops the jobs that have not begun and waits for those that have.
  ~JobThreads();
  JobThreads() = default;
  JobThreads(const JobThreads&) = delete;
  JobThreads& operator=(const JobThreads&) = delete;

  /// At most so many jobs run at once, 1 at least; those that are running go on.
  void setMost(std::size_t most);
  /// Begun in the order given. False when no thread can be had: the job is the caller's again.
  [[nodiscard]] bool submit(std::function<void()> job);

 private:
  static void* enter(void* self);
  void work();

  std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> jobs_;
  std::size_t most_ = 1;
  std::size_t threads_ = 0;
};

}  // namespace millrace
