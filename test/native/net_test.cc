#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>

#include "../../native/base/bytes.h"
#include "../../native/net/frame_reader.h"
#include "../../native/net/prefetcher.h"
#include "../../native/net/send_queue.h"
#include "harness.h"
#include "plain_memory.h"
#include "server_scene.h"

using namespace millrace;

TEST(frames_arrive_whole_whatever_the_pieces) {
  harness::Random random(7);
  for (int round = 0; round < 200; ++round) {
    PlainMemory memory;
    SlabPool pool(memory);
    FrameLimits limits;
    FrameReader reader(pool, limits);
    std::vector<std::uint8_t> stream;
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 12; ++i) {
      sizes.push_back(random.below(4) == 0 ? 8 + random.below(400'000) : 8 + random.below(300));
      const auto frame = frameOf(sizes.back(), static_cast<std::uint8_t>(i));
      stream.insert(stream.end(), frame.begin(), frame.end());
    }
    std::vector<FrameReader::Frame> kept;
    std::size_t at = 0;
    std::size_t seen = 0;
    while (at < stream.size()) {
      const auto space = reader.space();
      CHECK(space.at != nullptr);
      const std::size_t step = std::min({space.size, stream.size() - at, static_cast<std::size_t>(1 + random.below(100'000))});
      std::memcpy(space.at, stream.data() + at, step);
      reader.received(step);
      at += step;
      FrameReader::Frame frame;
      while (reader.next(frame)) {
        CHECK_EQ(frame.end - frame.start, sizes[seen]);
        for (std::size_t i = frame.start; i < frame.end; ++i) CHECK_EQ(frame.slab->data[i], seen);
        ++seen;
        kept.push_back(frame);
        if (random.below(2) == 0) {
          pool.release(kept.front().slab);
          kept.erase(kept.begin());
        }
      }
    }
    CHECK_EQ(seen, sizes.size());
    // What is still held was not overwritten by what came later.
    for (const auto& frame : kept) CHECK_EQ(frame.slab->data[frame.start], frame.slab->data[frame.end - 1]);
    for (const auto& frame : kept) pool.release(frame.slab);
    reader.rest();
  }
}

TEST(a_frame_begins_in_as_much_memory_as_the_last_one_took) {
  PlainMemory memory;
  SlabPool pool(memory);
  FrameLimits limits;
  FrameReader reader(pool, limits);
  const auto feed = [&](std::size_t bytes) {
    const auto frame = frameOf(bytes, 1);
    for (std::size_t at = 0; at < frame.size();) {
      const auto space = reader.space();
      const std::size_t step = std::min({space.size, frame.size() - at, std::size_t{50'000}});
      std::memcpy(space.at, frame.data() + at, step);
      reader.received(step);
      at += step;
    }
    FrameReader::Frame whole;
    CHECK(reader.next(whole));
    pool.release(whole.slab);
    reader.rest();
  };
  CHECK_EQ(reader.space().size, SlabPool::kSmallestBytes);
  feed(300'000);
  CHECK(reader.space().size >= 300'000);
  feed(100);
  CHECK_EQ(reader.space().size, SlabPool::kSmallestBytes);
  feed(50'000'000);
  CHECK(reader.space().size <= 2 * FrameReader::kMostLikelyBytes);
}

TEST(slabs_grow_with_what_arrives_not_with_what_is_announced) {
  PlainMemory memory;
  SlabPool pool(memory);
  FrameLimits limits;
  FrameReader reader(pool, limits);
  const auto space = reader.space();
  storeBe<std::int32_t>(space.at, 90 << 20);
  reader.received(4);
  FrameReader::Frame frame;
  CHECK(!reader.next(frame));
  CHECK(reader.problem() == CloseReason::kNone);
  CHECK(reader.space().at != nullptr);
  CHECK(pool.totalBytes() <= 64 * 1024);
}

TEST(a_slab_full_of_whole_frames_moves_along_when_more_is_received) {
  // Frames that were not handed out yet (a limit holds them up) fill the slab; receiving on must neither stop nor overrun.
  PlainMemory memory;
  SlabPool pool(memory);
  FrameLimits limits;
  FrameReader reader(pool, limits);
  const auto one = frameOf(28, 5);
  std::size_t put = 0;
  for (int i = 0; i < 4; ++i) {
    const auto space = reader.space();
    CHECK(space.at != nullptr && space.size > 0);
    for (std::size_t at = 0; at < space.size; ++at, ++put) space.at[at] = one[put % one.size()];
    reader.received(space.size);
  }
  FrameReader::Frame frame;
  std::size_t seen = 0;
  while (reader.next(frame)) {
    CHECK_EQ(frame.end - frame.start, 28u);
    CHECK_EQ(frame.slab->data[frame.end - 1], 5);
    pool.release(frame.slab);
    ++seen;
  }
  CHECK_EQ(seen, put / one.size());
}

TEST(a_frame_is_announced_once_its_prefix_is_here) {
  PlainMemory memory;
  SlabPool pool(memory);
  FrameLimits limits;
  FrameReader reader(pool, limits);
  const auto bytes = frameOf(100, 1);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    *reader.space().at = bytes[at];
    reader.received(1);
    CHECK_EQ(reader.announced(), at < 3 ? 0u : 100u);
    CHECK_EQ(reader.whole(), at + 1 == bytes.size());
  }
  reader.abandon();
  CHECK_EQ(reader.announced(), 0u);
  CHECK_EQ(pool.usedBytes(), 0u);
}

TEST(send_queue_keeps_order_through_a_small_socket_buffer) {
  int fds[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd out(fds[0]);
  const UniqueFd in(fds[1]);
  const int small = 4096;
  ::setsockopt(out.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  harness::TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::vector<std::uint8_t> content(600'000);
  harness::Random random(3);
  for (auto& byte : content) byte = static_cast<std::uint8_t>(random.next());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  CHECK_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
  auto shared = std::make_shared<const PinnedFile>(fd);
  ::unlink(path.c_str());  // a pinned region outlives its file

  SendQueue queue;
  std::vector<std::uint8_t> wanted;
  for (int i = 0; i < 40; ++i) {
    std::vector<std::uint8_t> memory(random.below(3000), static_cast<std::uint8_t>(i));
    queue.pushBytes(memory.data(), memory.size());
    wanted.insert(wanted.end(), memory.begin(), memory.end());
    const std::size_t from = random.below(content.size() - 1);
    const std::size_t size = 1 + random.below(std::min<std::size_t>(content.size() - from, i % 3 == 0 ? 300'000 : 900));
    queue.pushRegion(FileRegion{shared, from, size});
    wanted.insert(wanted.end(), content.begin() + static_cast<std::ptrdiff_t>(from), content.begin() + static_cast<std::ptrdiff_t>(from + size));
  }
  SendScratch scratch;
  EgressStatistics statistics;
  std::vector<std::uint8_t> got;
  std::vector<std::uint8_t> buffer(5000);
  for (;;) {
    const auto outcome = queue.flush(out.get(), kernelPageCache(), 128 * 1024, scratch, statistics);
    CHECK(outcome != SendQueue::Outcome::kFailed);
    const ssize_t count = ::read(in.get(), buffer.data(), 1 + random.below(buffer.size() - 1));
    if (count > 0) got.insert(got.end(), buffer.begin(), buffer.begin() + count);
    if (outcome == SendQueue::Outcome::kEmpty && count <= 0) break;
  }
  CHECK(got == wanted);
  CHECK(statistics.bytesSendfile > 0 && statistics.bytesCopied > 0);
  CHECK_EQ(statistics.bytesFromMemory + statistics.bytesCopied + statistics.bytesSendfile, wanted.size());
  CHECK_EQ(queue.memoryBytes(), 0u);
}

TEST(a_region_beyond_the_end_of_its_file_fails_instead_of_hanging) {
  int fds[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd out(fds[0]);
  const UniqueFd in(fds[1]);
  harness::TemporaryDirectory directory;
  auto file = std::make_shared<const PinnedFile>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  for (const std::uint64_t size : {100u, 300'000u}) {
    SendQueue queue;
    SendScratch scratch;
    EgressStatistics statistics;
    queue.pushRegion(FileRegion{file, 0, size});
    auto outcome = queue.flush(out.get(), kernelPageCache(), 128 * 1024, scratch, statistics);
    if (outcome == SendQueue::Outcome::kCold) {
      queue.loaded();
      outcome = queue.flush(out.get(), kernelPageCache(), 128 * 1024, scratch, statistics);
    }
    CHECK(outcome == SendQueue::Outcome::kFailed);
  }
}

namespace {

/// Holds what was loaded, in blocks, and forgets some of it now and then.
class ForgetfulPageCache : public PageCache {
 public:
  [[nodiscard]] bool mayMap() const noexcept override { return false; }
  static constexpr off_t kBlock = 4096;
  std::set<off_t> held;
  std::uint64_t refused = 0;

  ssize_t read(int fd, void* into, std::size_t size, off_t position) override {
    std::size_t there = 0;
    while (there < size && held.contains((position + static_cast<off_t>(there)) / kBlock)) there += static_cast<std::size_t>(kBlock - (position + static_cast<off_t>(there)) % kBlock);
    if (there == 0) {
      ++refused;
      errno = EAGAIN;
      return -1;
    }
    return ::pread(fd, into, std::min(size, there), position);
  }
  bool holds(int, off_t position, std::size_t size) override {
    for (off_t block = position / kBlock; block <= (position + static_cast<off_t>(size) - 1) / kBlock; ++block) {
      if (held.contains(block)) continue;
      ++refused;
      return false;
    }
    return true;
  }
  void load(int, off_t position, std::size_t size) override {
    for (off_t block = position / kBlock; block <= (position + static_cast<off_t>(size) - 1) / kBlock; ++block) held.insert(block);
  }
};

}  // namespace

TEST(cold_regions_stop_the_queue_and_go_on_when_they_are_loaded) {
  int fds[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd out(fds[0]);
  const UniqueFd in(fds[1]);
  harness::TemporaryDirectory directory;
  std::vector<std::uint8_t> content(3'000'000);
  harness::Random random(5);
  for (auto& byte : content) byte = static_cast<std::uint8_t>(random.next());
  auto file = std::make_shared<const PinnedFile>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  CHECK_EQ(::write(file->get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  SendQueue queue;
  ForgetfulPageCache cache;
  std::vector<std::uint8_t> wanted;
  for (int i = 0; i < 60; ++i) {
    const std::vector<std::uint8_t> memory(random.below(300), static_cast<std::uint8_t>(i));
    queue.pushBytes(memory.data(), memory.size());
    wanted.insert(wanted.end(), memory.begin(), memory.end());
    const std::size_t from = random.below(content.size() - 1);
    const std::size_t size = 1 + random.below(std::min<std::size_t>(content.size() - from, i % 3 == 0 ? 2'500'000 : 20'000));
    queue.pushRegion(FileRegion{file, from, size});
    wanted.insert(wanted.end(), content.begin() + static_cast<std::ptrdiff_t>(from), content.begin() + static_cast<std::ptrdiff_t>(from + size));
  }
  SendScratch scratch;
  EgressStatistics statistics;
  std::vector<std::uint8_t> got;
  std::vector<std::uint8_t> buffer(200'000);
  for (int idle = 0; idle < 3;) {
    const auto outcome = queue.flush(out.get(), cache, 32 * 1024, scratch, statistics);
    CHECK(outcome != SendQueue::Outcome::kFailed);
    if (outcome == SendQueue::Outcome::kCold) {
      CHECK(queue.cold().sizeBytes > 0 && queue.cold().sizeBytes <= SendQueue::kColdWindowBytes);
      // What was loaded may be gone again before it is sent: the queue goes on all the same.
      if (random.below(4) > 0) cache.load(file->get(), queue.cold().position, queue.cold().sizeBytes);
      queue.loaded();
    }
    if (random.below(10) == 0) cache.held.clear();
    const ssize_t count = ::read(in.get(), buffer.data(), buffer.size());
    if (count > 0) got.insert(got.end(), buffer.begin(), buffer.begin() + count);
    idle = outcome == SendQueue::Outcome::kEmpty && count <= 0 ? idle + 1 : 0;
  }
  CHECK(got == wanted);
  CHECK(statistics.coldStops > 10 && cache.refused >= statistics.coldStops);
}

TEST(the_prefetcher_answers_every_job_and_ends_with_jobs_waiting) {
  harness::TemporaryDirectory directory;
  auto file = std::make_shared<const UniqueFd>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  CHECK_EQ(::ftruncate(file->get(), 1'000'000), 0);
  std::mutex mutex;
  std::condition_variable woken;
  int notes = 0;
  Prefetcher prefetcher(kernelPageCache(), [&] {
    const std::lock_guard lock(mutex);
    ++notes;
    woken.notify_one();
  });
  std::set<std::uint64_t> waiting;
  for (std::uint64_t ticket = 1; ticket <= 200; ++ticket) {
    waiting.insert(ticket);
    prefetcher.request({file, static_cast<off_t>(ticket * 4000), 100'000, ticket});
  }
  while (!waiting.empty()) {
    for (const std::uint64_t ticket : prefetcher.drain()) CHECK_EQ(waiting.erase(ticket), 1u);
    std::unique_lock lock(mutex);
    if (!waiting.empty()) woken.wait_for(lock, std::chrono::milliseconds(20));
  }
  CHECK(notes > 0);
  for (std::uint64_t ticket = 1; ticket <= 200; ++ticket) prefetcher.request({file, 0, 1'000'000, ticket});
}
