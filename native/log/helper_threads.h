#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace millrace {

/// Threads that share the calls of one caller. They are created when they are first needed, wait in between and end with the
/// object; where the system gives no more of them, those that are there do the work. One caller at a time.
class HelperThreads {
 public:
  /// `most` counts the caller.
  explicit HelperThreads(std::size_t most) : most_(most) {}
  ~HelperThreads();
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  /// Calls `job` once with each number below `count`, begun in ascending order, on the caller's thread too; returns when all
  /// calls have.
  void forEach(std::size_t count, const std::function<void(std::size_t)>& job);

 private:
  static void* enter(void* self);
  void help();
  void takeJobs(std::unique_lock<std::mutex>& lock);
  void create(std::size_t wanted);

  const std::size_t most_;
  std::vector<pthread_t> helpers_;  ///< the caller's alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  /// Guarded by mutex. Valid while a call is left or running.
  const std::function<void(std::size_t)>* job_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace millrace
