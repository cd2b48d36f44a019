#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "../../native/log/job_threads.h"
#include "harness.h"

using namespace millrace;

TEST(job_threads_run_what_they_are_given_side_by_side_up_to_a_number) {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  int mostRunning = 0;
  int done = 0;
  bool go = false;
  {
    JobThreads threads;
    threads.setMost(3);
    for (int i = 0; i < 20; ++i) {
      CHECK(threads.submit([&] {
        std::unique_lock lock(mutex);
        mostRunning = std::max(mostRunning, ++running);
        changed.notify_all();
        changed.wait(lock, [&] { return go; });
        --running;
        ++done;
        changed.notify_all();
      }));
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == 3; });
    go = true;
    changed.notify_all();
    changed.wait(lock, [&] { return done == 20; });
  }
  CHECK_EQ(mostRunning, 3);
  CHECK_EQ(running, 0);
  // What has begun is waited for, the rest is dropped.
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  {
    JobThreads threads;
    for (int i = 0; i < 50; ++i) {
      CHECK(threads.submit([&] {
        ++begun;
        std::this_thread::yield();
        ++ended;
      }));
    }
  }
  CHECK_EQ(begun.load(), ended.load());
}
