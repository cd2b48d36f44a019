#include "prefetcher.h"

#include <sys/resource.h>
#include <unistd.h>

namespace millrace {
namespace {

/// Whoever waits for the medium can wait for a core, too: the loop comes first, where there are few.
constexpr int kNiceness = 10;

}  // namespace

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Prefetcher::request(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  if (threads_.size() < kThreads) threads_.emplace_back([this] { work(); });
  wake_.notify_one();
}

std::vector<std::uint64_t> Prefetcher::drain() {
  std::vector<std::uint64_t> done;
  const std::lock_guard lock(mutex_);
  done.swap(done_);
  return done;
}

void Prefetcher::work() {
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    cache_.load(job.file->get(), job.position, job.sizeBytes);
    lock.lock();
    done_.push_back(job.ticket);
    notify_();
  }
}

}  // namespace millrace
