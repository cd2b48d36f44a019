#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "../../native/base/unique_fd.h"
#include "../../native/io/file_system.h"
#include "../../native/io/page_cache.h"
#include "../../native/io/sync_turns.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr dev_t kDevice = 3;
constexpr std::chrono::hours kForEver{1};

}  // namespace

TEST(who_loads_waits_until_the_last_sync_of_the_device_has_ended) {
  SyncTurns turns(kForEver);
  auto first = std::make_unique<SyncTurns::Sync>(turns, kDevice);
  auto second = std::make_unique<SyncTurns::Sync>(turns, kDevice);
  std::atomic<bool> syncing = true;
  std::atomic<bool> early = false;
  std::thread loader([&] {
    turns.letSyncsPass(kDevice);
    early = syncing.load();
  });
  while (turns.waits(kDevice) == 0) std::this_thread::yield();
  first.reset();
  std::this_thread::yield();
  syncing = false;
  second.reset();
  loader.join();
  CHECK(!early.load());
  CHECK_EQ(turns.waits(kDevice), 1u);
}

TEST(without_a_sync_and_for_one_of_another_device_nobody_waits) {
  SyncTurns turns(kForEver);
  turns.letSyncsPass(kDevice);
  const SyncTurns::Sync sync(turns, kDevice);
  turns.letSyncsPass(kDevice + 1);
  CHECK_EQ(turns.waits(kDevice), 0u);
  CHECK_EQ(turns.waits(kDevice + 1), 0u);
}

TEST(syncs_without_end_do_not_hold_a_load_for_ever) {
  SyncTurns turns(std::chrono::milliseconds(1));
  const SyncTurns::Sync sync(turns, kDevice);
  turns.letSyncsPass(kDevice);
  turns.letSyncsPass(kDevice);
  CHECK_EQ(turns.waits(kDevice), 2u);
}

TEST(each_piece_of_a_load_lets_the_syncs_of_its_device_pass) {
  const harness::TemporaryDirectory directory;
  const UniqueFd file(::open((directory.path() + "/log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  const std::vector<char> bytes((std::size_t{2} << 20) + 5, 'x');
  CHECK_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  struct stat info {};
  CHECK_EQ(::fstat(file.get(), &info), 0);
  // A sync that has ended is none.
  CHECK_EQ(posixFileSystem().fdatasync(file.get()), 0);
  const std::uint64_t before = syncTurns().waits(info.st_dev);
  kernelPageCache().load(file.get(), 0, bytes.size());
  CHECK_EQ(syncTurns().waits(info.st_dev), before);
  const SyncTurns::Sync sync(syncTurns(), info.st_dev);
  kernelPageCache().load(file.get(), 0, bytes.size());
  CHECK_EQ(syncTurns().waits(info.st_dev), before + 5);
}

TEST(a_sync_of_a_file_is_seen_while_it_is_under_way) {
  // The file system's own call, not a stand-in: what the flusher syncs is what loads wait for.
  const harness::TemporaryDirectory directory;
  const UniqueFd file(::open((directory.path() + "/log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  struct stat info {};
  CHECK_EQ(::fstat(file.get(), &info), 0);
  const std::uint64_t before = syncTurns().waits(info.st_dev);
  std::atomic<bool> seen = false;
  std::atomic<bool> ended = false;
  std::thread syncer([&] {
    const std::vector<char> bytes(64 << 10, 'x');
    for (off_t at = 0; at < 10'000 && !seen.load(); ++at) {
      (void)!::pwrite(file.get(), bytes.data(), bytes.size(), (at % 64) << 16);
      (void)posixFileSystem().fdatasync(file.get());
    }
    ended = true;
  });
  while (!seen.load() && !ended.load()) {
    syncTurns().letSyncsPass(info.st_dev);
    seen = syncTurns().waits(info.st_dev) > before;
  }
  syncer.join();
  CHECK(seen.load());
}
