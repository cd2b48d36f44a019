#include "helper_threads.h"

#include <algorithm>

namespace millrace {

HelperThreads::~HelperThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (const pthread_t helper : helpers_) ::pthread_join(helper, nullptr);
}

void HelperThreads::forEach(std::size_t count, const std::function<void(std::size_t)>& job) {
  if (count == 0) return;
  const std::size_t wanted = std::min(most_, count) - 1;
  create(wanted);
  std::unique_lock lock(mutex_);
  job_ = &job;
  next_ = 0;
  count_ = count;
  for (std::size_t i = 0; i < wanted; ++i) wake_.notify_one();
  takeJobs(lock);
  done_.wait(lock, [this] { return running_ == 0; });
  job_ = nullptr;
}

/// std::thread would end the process where the system refuses one.
void HelperThreads::create(std::size_t wanted) {
  while (helpers_.size() < wanted) {
    pthread_t helper{};
    if (::pthread_create(&helper, nullptr, enter, this) != 0) return;
    helpers_.push_back(helper);
  }
}

void* HelperThreads::enter(void* self) {
  static_cast<HelperThreads*>(self)->help();
  return nullptr;
}

void HelperThreads::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || next_ < count_; });
    if (stopping_) return;
    takeJobs(lock);
    if (running_ == 0) done_.notify_one();
  }
}

void HelperThreads::takeJobs(std::unique_lock<std::mutex>& lock) {
  while (next_ < count_) {
    const std::size_t index = next_++;
    ++running_;
    const auto& job = *job_;
    lock.unlock();
    job(index);
    lock.lock();
    --running_;
  }
}

}  // namespace millrace
