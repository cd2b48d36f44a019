#include "job_threads.h"

#include <algorithm>
#include <utility>

namespace millrace {

JobThreads::~JobThreads() {
  std::unique_lock lock(mutex_);
  jobs_.clear();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

void JobThreads::setMost(std::size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = std::max<std::size_t>(1, most);
}

bool JobThreads::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (threads_ >= most_) return true;
  pthread_attr_t detached;
  pthread_t thread{};
  ::pthread_attr_init(&detached);
  ::pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  // std::thread would end the process where the system refuses one.
  const bool created = ::pthread_create(&thread, &detached, enter, this) == 0;
  ::pthread_attr_destroy(&detached);
  if (created) ++threads_;
  if (threads_ > 0) return true;
  jobs_.pop_back();
  return false;
}

void* JobThreads::enter(void* self) {
  static_cast<JobThreads*>(self)->work();
  return nullptr;
}

void JobThreads::work() {
  std::unique_lock lock(mutex_);
  while (!jobs_.empty() && threads_ <= most_) {
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
  --threads_;
  // With the mutex held: whoever destroys this object goes on only when it is released, and touches nothing after.
  ended_.notify_all();
}

}  // namespace millrace
