#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "../../native/io/directory_lock.h"
#include "../../native/io/mount_file_system.h"
#include "../../native/log/log.h"
#include "harness.h"
#include "make_batch.h"

// A log behind symbolic links: what the engine would do to its files happens to the links, or in memory only.

using namespace millrace;

namespace {

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST(a_log_behind_links_is_served_without_its_torn_tail_and_stays_as_it_is) {
  const harness::TemporaryDirectory directory;
  const std::string real = directory.path() + "/real-0";
  const std::string links = directory.path() + "/links-0";
  const std::string name = "/00000000000000000000.log";
  RecoveryReport report;
  {
    auto log = Log::open(posixFileSystem(), real, 1, LogOptions{}, report);
    CHECK(log.ok());
    for (int i = 0; i < 3; ++i) {
      auto bytes = makeBatch(1, 50, 1000 + i);
      storeBe<std::int64_t>(bytes.data(), log.value()->logEndOffset());
      CHECK(log.value()->append(bytes.data(), BatchHeader::load(bytes.data()), false).ok());
    }
    CHECK(log.value()->close(false).ok());
  }
  std::ofstream(real + name, std::ios::binary | std::ios::app) << "a torn tail";
  const std::string before = contentOf(real + name);
  CHECK(::mkdir(links.c_str(), 0755) == 0);
  CHECK(::symlink((real + name).c_str(), (links + name).c_str()) == 0);
  {
    auto log = Log::open(mountFileSystem(), links, 1, LogOptions{}, report);
    CHECK(log.ok());
    CHECK(log.value()->logEndOffset() == 3);
    CHECK(report.truncatedBytes == 11);
    auto read = log.value()->read(0, INT64_MAX, INT64_MAX, true);
    CHECK(read.ok() && read.value().has_value());
    CHECK(read.value()->region.sizeBytes == before.size() - 11);
    auto bytes = makeBatch(1, 50, 2000);
    storeBe<std::int64_t>(bytes.data(), 3);
    CHECK(!log.value()->append(bytes.data(), BatchHeader::load(bytes.data()), false).ok());
    CHECK(log.value()->truncateTo(1).ok());
    CHECK(log.value()->logEndOffset() == 1);
    CHECK(log.value()->close(true).ok());
  }
  CHECK(contentOf(real + name) == before);
  // The index that was made went beside the link.
  CHECK(::access((links + "/00000000000000000000.index").c_str(), F_OK) == 0);
}

TEST(a_shared_lock_keeps_brokers_away_and_creates_nothing) {
  const harness::TemporaryDirectory directory;
  FileSystem& fs = posixFileSystem();
  CHECK(DirectoryLock::takeShared(fs, directory.path()).ok());
  CHECK(::access((directory.path() + "/.lock").c_str(), F_OK) != 0);
  { CHECK(DirectoryLock::take(fs, directory.path()).ok()); }
  auto first = DirectoryLock::takeShared(fs, directory.path());
  auto second = DirectoryLock::takeShared(fs, directory.path());
  CHECK(first.ok() && second.ok());
  auto broker = DirectoryLock::take(fs, directory.path());
  CHECK(!broker.ok() && broker.error().kind == Error::Kind::kLocked);
}
