#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../../native/net/egress_ledger.h"
#include "../../native/net/send_queue.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr std::size_t kSendfileMin = 1000;
constexpr std::size_t kFileBytes = 40'000;

/// Nothing is in memory until it was loaded.
class ColdPageCache : public PageCache {
 public:
  [[nodiscard]] bool mayMap() const noexcept override { return false; }
  off_t loadedUntil = 0;
  /// Beyond `loadedUntil` the kernel reads on by itself.
  off_t onItsWayUntil = 0;

  ssize_t read(int fd, void* into, std::size_t size, off_t position) override {
    if (position < loadedUntil) return ::pread(fd, into, size, position);
    errno = EAGAIN;
    return -1;
  }
  bool holds(int, off_t position, std::size_t size) override { return position + static_cast<off_t>(size) <= std::max(loadedUntil, onItsWayUntil); }
  bool arrived(int, off_t position, std::size_t size) override { return position + static_cast<off_t>(size) <= loadedUntil; }
};

struct Scene {
  harness::TemporaryDirectory directory;
  std::shared_ptr<const PinnedFile> file;
  UniqueFd out;
  UniqueFd in;
  EgressTable topics;
  EgressStatistics statistics;
  SendScratch scratch;

  Scene() {
    file = std::make_shared<const PinnedFile>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
    const std::vector<std::uint8_t> content(kFileBytes, 7);
    if (::write(file->get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) std::abort();
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    out.reset(fds[0]);
    in.reset(fds[1]);
  }

  static void memory(SendQueue& queue, std::size_t size) {
    const std::vector<std::uint8_t> bytes(size, 1);
    queue.pushBytes(bytes.data(), size);
  }
  void region(SendQueue& queue, std::uint32_t account, std::size_t from, std::size_t size) const { queue.pushRegion({file, from, size, account}); }
  SendQueue::Outcome flush(SendQueue& queue, PageCache& cache = kernelPageCache()) {
    return queue.flush(out.get(), cache, kSendfileMin, scratch, statistics);
  }
  /// Bytes the peer has got since the last call.
  std::size_t drain() const {
    std::vector<std::uint8_t> buffer(1 << 20);
    std::size_t sum = 0;
    for (ssize_t got; (got = ::read(in.get(), buffer.data(), buffer.size())) > 0;) sum += static_cast<std::size_t>(got);
    return sum;
  }
};

}  // namespace

TEST(what_is_counted_for_a_closed_account_is_counted_for_other) {
  EgressTable table;
  const std::uint32_t first = table.open();
  const std::uint32_t second = table.open();
  CHECK(first != EgressTable::kOther && second != EgressTable::kOther && first != second);
  table.at(first).bytesCopied += 5;
  table.at(second).bytesCopied += 7;
  table.close(first);
  CHECK_EQ(table.at(EgressTable::kOther).bytesCopied, 5u);
  table.close(first);
  CHECK_EQ(table.at(EgressTable::kOther).bytesCopied, 5u);
  const std::uint32_t third = table.open();
  CHECK(third != first);  // the row is the same, a region of the old owner does not count for the new one
  table.at(first).bytesCopied += 1;
  CHECK_EQ(table.at(third).bytesCopied, 0u);
  CHECK_EQ(table.at(EgressTable::kOther).bytesCopied, 6u);
  CHECK_EQ(table.at(second).bytesCopied, 7u);
  table.close(EgressTable::kOther);
  table.at(12'345).answers += 1;
  CHECK_EQ(table.at(EgressTable::kOther).answers, 1u);
}

TEST(a_row_can_be_used_for_ever) {
  EgressTable table;
  std::uint32_t before = table.open();
  for (int i = 0; i < 10'000; ++i) {
    ++table.at(before).answers;
    table.close(before);
    const std::uint32_t next = table.open();
    CHECK(next != before);
    CHECK_EQ(table.at(next).answers, 0u);
    before = next;
  }
  CHECK_EQ(table.at(EgressTable::kOther).answers, 10'000u);
}

TEST(regions_are_counted_for_their_topics) {
  Scene scene;
  SendQueue queue(&scene.topics);
  const std::uint32_t a = scene.topics.open();
  const std::uint32_t b = scene.topics.open();
  Scene::memory(queue, 30);
  scene.region(queue, a, 0, 400);
  Scene::memory(queue, 5);
  scene.region(queue, a, 400, 300);
  Scene::memory(queue, 5);
  scene.region(queue, b, 0, 5000);
  Scene::memory(queue, 3);
  queue.endResponse();
  Scene::memory(queue, 10);  // a response without records
  queue.endResponse();
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(scene.drain(), 5753u);
  const EgressStatistics& ofA = scene.topics.at(a);
  const EgressStatistics& ofB = scene.topics.at(b);
  CHECK_EQ(ofA.bytesCopied, 700u);
  CHECK_EQ(ofA.bytesSendfile, 0u);
  CHECK_EQ(ofA.regions, 2u);
  CHECK_EQ(ofA.answers, 1u);
  CHECK_EQ(ofA.preadCalls, 1u);  // the second one is mapped
  CHECK_EQ(ofA.recordSendCalls, 1u);
  CHECK_EQ(ofB.bytesCopied, 0u);
  CHECK_EQ(ofB.bytesSendfile, 5000u);
  CHECK_EQ(ofB.regions, 1u);
  CHECK_EQ(ofB.answers, 1u);
  CHECK_EQ(ofB.sendfileCalls, 1u);
  CHECK_EQ(ofB.recordSendCalls, 1u);  // what stands behind its region
  CHECK_EQ(scene.statistics.answers, 1u);
  CHECK_EQ(scene.statistics.recordSendCalls, 2u);
  CHECK_EQ(scene.statistics.sendCalls, 2u);
  CHECK_EQ(scene.statistics.bytesFromMemory, 53u);
  CHECK_EQ(scene.topics.at(EgressTable::kOther).regions, 0u);

  // The same again in one response of its own, and one without records.
  scene.region(queue, a, 0, 10);
  queue.endResponse();
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(ofA.answers, 2u);
  CHECK_EQ(scene.statistics.answers, 2u);
  Scene::memory(queue, 10);
  queue.endResponse();
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(scene.statistics.recordSendCalls, 3u);
  CHECK_EQ(scene.statistics.sendCalls, 4u);
}

TEST(only_what_was_sent_is_counted) {
  for (const std::size_t size : {std::size_t{900}, std::size_t{30'000}}) {
    Scene scene;
    const int small = 1;
    ::setsockopt(scene.out.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    SendQueue queue(&scene.topics);
    const std::uint32_t a = scene.topics.open();
    std::uint64_t whole = 0;
    auto outcome = SendQueue::Outcome::kEmpty;
    while (outcome != SendQueue::Outcome::kBlocked) {
      CHECK(++whole < 100);
      scene.region(queue, a, 0, size);
      queue.endResponse();
      outcome = scene.flush(queue);
    }
    // The peer is gone: what waits is dropped and never counted.
    queue.clear();
    const EgressStatistics& counted = scene.topics.at(a);
    CHECK(scene.file.use_count() == 1);
    CHECK_EQ(counted.bytesCopied + counted.bytesSendfile, scene.drain());
    CHECK_EQ(counted.regions, whole - 1);
    CHECK_EQ(counted.answers, whole - 1);
    CHECK_EQ(counted.bytesCopied, scene.statistics.bytesCopied);
    CHECK_EQ(counted.bytesSendfile, scene.statistics.bytesSendfile);
    CHECK_EQ(counted.preadCalls + counted.sendfileCalls, scene.statistics.preadCalls + scene.statistics.sendfileCalls);
  }
}

TEST(a_region_cut_short_counts_the_bytes_that_left) {
  Scene scene;
  SendQueue queue(&scene.topics);
  const std::uint32_t a = scene.topics.open();
  scene.region(queue, a, 0, 2000);
  scene.region(queue, a, 20'000, 15'000);
  // The log is truncated below the second region before it is sent, or in the middle of it.
  CHECK_EQ(::ftruncate(scene.file->get(), 25'000), 0);
  SendQueue::Outcome outcome;
  while ((outcome = scene.flush(queue)) == SendQueue::Outcome::kCold) queue.loaded();
  CHECK(outcome == SendQueue::Outcome::kFailed);
  queue.clear();
  CHECK_EQ(scene.drain(), 7000u);
  CHECK_EQ(scene.topics.at(a).bytesSendfile, 7000u);
  CHECK_EQ(scene.topics.at(a).regions, 1u);
}

TEST(cold_regions_leave_as_their_size_says_and_are_counted_as_loaded) {
  Scene scene;
  ColdPageCache cache;
  SendQueue queue(&scene.topics);
  const std::uint32_t a = scene.topics.open();
  scene.region(queue, a, 0, 500);
  scene.region(queue, a, 500, 5000);
  queue.endResponse();
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kCold);
  const EgressStatistics& counted = scene.topics.at(a);
  CHECK_EQ(counted.coldStops, 1u);
  CHECK_EQ(counted.bytesLoaded, 500u);
  CHECK_EQ(counted.bytesCopied, 0u);
  cache.loadedUntil = 500;
  queue.loaded();
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kCold);
  CHECK_EQ(counted.bytesCopied, 500u);
  CHECK_EQ(counted.bytesCopiedCold, 500u);
  cache.loadedUntil = 5500;
  queue.loaded();
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(scene.drain(), 5500u);
  CHECK_EQ(counted.coldStops, 2u);
  CHECK_EQ(counted.bytesLoaded, 5500u);
  CHECK_EQ(counted.bytesSendfile, 5000u);
  CHECK_EQ(counted.bytesCopied, 500u);
  CHECK_EQ(scene.statistics.bytesCopiedCold, 500u);
  // Warm now: copied for its size alone.
  scene.region(queue, a, 0, 300);
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(counted.bytesCopied, 800u);
  CHECK_EQ(counted.bytesCopiedCold, 500u);
}

TEST(what_is_read_ahead_and_on_its_way_is_waited_for_on_a_thread) {
  Scene scene;
  ColdPageCache cache;
  SendQueue queue(&scene.topics);
  scene.region(queue, 0, 0, 5000);
  queue.endResponse();
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kCold);
  // The thread has read what it was asked for; the kernel has begun with what lies behind.
  cache.loadedUntil = 5000;
  cache.onItsWayUntil = 20'000;
  queue.loaded();
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kEmpty);
  scene.region(queue, 0, 5000, 5000);
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kCold);
  CHECK_EQ(queue.cold().position, 5000);
  cache.loadedUntil = 20'000;
  queue.loaded();
  scene.region(queue, 0, 10'000, 5000);
  CHECK(scene.flush(queue, cache) == SendQueue::Outcome::kEmpty);
  CHECK_EQ(scene.drain(), 15'000u);
  CHECK_EQ(scene.statistics.coldStops, 2u);
}

TEST(the_kernel_says_what_has_arrived) {
  Scene scene;
  // Just written, and read at no page's beginning.
  CHECK(kernelPageCache().arrived(scene.file->get(), 5000, 20'000));
  CHECK(kernelPageCache().arrived(scene.file->get(), 0, kFileBytes));
}
