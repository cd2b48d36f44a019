#include <cerrno>

#include "harness.h"
#include "recovery_scene.h"

using namespace millrace;
using namespace millrace::recovery_scene;

TEST(a_preallocated_segment_takes_its_room_at_once_and_gives_it_back) {
  harness::TemporaryDirectory directory;
  LogOptions options;
  options.segmentBytes = 4 << 20;
  options.preallocate = true;
  const auto blocks = [&](std::int64_t base) {
    struct stat info {};
    return ::stat(segment(directory.path(), base).c_str(), &info) == 0 ? info.st_blocks * 512 : -1;
  };
  auto opened = open(directory.path(), options);
  CHECK(opened.log != nullptr);
  CHECK_EQ(sizeOf(segment(directory.path(), 0)), 0);
  CHECK(blocks(0) >= (4 << 20));
  CHECK(append(*opened.log, 1000).ok());
  CHECK_EQ(sizeOf(segment(directory.path(), 0)), kBatchBytes);
  CHECK(opened.log->roll().ok());
  CHECK(blocks(0) < (1 << 20));
  CHECK(blocks(2) >= (4 << 20));
  CHECK(append(*opened.log, 1000).ok());
  // A crash, then an orderly stop.
  opened.log.reset();
  auto again = open(directory.path(), options);
  CHECK(again.log != nullptr);
  CHECK_EQ(again.log->logEndOffset(), 4);
  CHECK_EQ(again.report.truncatedBytes, 0);
  CHECK(again.log->close(true).ok());
  CHECK(blocks(2) < (1 << 20));
}

TEST(without_room_for_a_preallocated_segment_the_log_goes_on_with_the_one_it_has) {
  class Full : public FileSystem {
   public:
    bool full = false;
    int reserve(int fd, off_t size) override {
      if (!full) return FileSystem::reserve(fd, size);
      errno = ENOSPC;
      return -1;
    }
  };
  harness::TemporaryDirectory directory;
  Full fs;
  LogOptions options;
  options.preallocate = true;
  auto opened = open(directory.path(), options, fs);
  CHECK(append(*opened.log, 1000).ok());
  fs.full = true;
  auto rolled = opened.log->roll();
  CHECK(!rolled.ok());
  CHECK(rolled.error().kind == Error::Kind::kNoSpace);
  CHECK_EQ(sizeOf(segment(directory.path(), 2)), -1);
  CHECK(append(*opened.log, 1000).ok());
  opened.log.reset();
  auto again = open(directory.path(), options);
  CHECK(again.log != nullptr);
  CHECK_EQ(again.log->logEndOffset(), 4);
}
