#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "../../native/net/send_queue.h"
#include "fake_socket.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr std::size_t kSendfileMin = 24;

struct Scene {
  harness::TemporaryDirectory directory;
  std::vector<std::uint8_t> content;
  std::shared_ptr<const PinnedFile> file;
  std::vector<std::uint8_t> wanted;
  EgressStatistics statistics;
  SendScratch scratch;

  Scene() {
    for (int i = 0; i < 200; ++i) content.push_back(static_cast<std::uint8_t>(i * 7 + 1));
    const int fd = ::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600);
    if (::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size())) std::abort();
    file = std::make_shared<const PinnedFile>(fd);
    fake() = FakeSocket{};
    fake().mode = FakeSocket::Mode::kFaked;
  }
  ~Scene() { fake() = FakeSocket{}; }

  void memory(SendQueue& queue, std::size_t size, std::uint8_t fill) {
    const std::vector<std::uint8_t> bytes(size, fill);
    queue.pushBytes(bytes.data(), size);
    wanted.insert(wanted.end(), bytes.begin(), bytes.end());
  }
  void region(SendQueue& queue, std::size_t from, std::size_t size) {
    queue.pushRegion(FileRegion{file, from, size});
    wanted.insert(wanted.end(), content.begin() + static_cast<std::ptrdiff_t>(from), content.begin() + static_cast<std::ptrdiff_t>(from + size));
  }
  /// Memory, a copied region, memory twice (one part), a region by sendfile, memory: every kind next to every other.
  void response(SendQueue& queue) {
    memory(queue, 11, 1);
    region(queue, 3, 9);
    memory(queue, 5, 2);
    memory(queue, 4, 3);
    region(queue, 20, 40);
    memory(queue, 6, 4);
    region(queue, 90, 7);
  }
  SendQueue::Outcome flush(SendQueue& queue) { return queue.flush(99, kernelPageCache(), kSendfileMin, scratch, statistics); }
};

}  // namespace

TEST(a_response_survives_a_socket_that_stops_at_any_byte) {
  for (std::size_t stop = 1; stop < 82; ++stop) {
    Scene scene;
    SendQueue queue;
    scene.response(queue);
    CHECK_EQ(scene.wanted.size(), 82u);
    // The first calls take `stop` bytes in all, then the socket is full once, then it takes the rest.
    for (std::size_t left = stop; left > 0;) {
      const std::size_t before = fake().received.size();
      fake().takes = {left, 0};
      fake().call = 0;
      const auto outcome = scene.flush(queue);
      left -= fake().received.size() - before;
      CHECK(outcome == SendQueue::Outcome::kBlocked);
    }
    CHECK_EQ(fake().received.size(), stop);
    fake().takes.clear();
    CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
    CHECK(fake().received == scene.wanted);
    CHECK(queue.empty());
    CHECK_EQ(queue.memoryBytes(), 0u);
    CHECK_EQ(scene.statistics.bytesFromMemory, 26u);
    CHECK_EQ(scene.statistics.bytesFromMemory + scene.statistics.bytesCopied + scene.statistics.bytesSendfile, 82u);
    CHECK_EQ(scene.file.use_count(), 1);  // every pin was given back
  }
}

TEST(a_response_around_a_region_survives_a_socket_that_stops_at_any_byte) {
  constexpr std::size_t kRecords = 13;  // below kSendfileMin
  for (std::size_t stop = 0; stop <= 11 + kRecords + 5; ++stop) {
    Scene scene;
    EgressTable topics;
    SendQueue queue(&topics);
    const std::uint32_t account = topics.open();
    const std::vector<std::uint8_t> before(11, 1);
    const std::vector<std::uint8_t> behind(5, 2);
    FileRegion region{scene.file, 40, kRecords, account};
    const auto send = [&] { return queue.sendAround(99, kernelPageCache(), scene.scratch, before, region, behind, scene.statistics); };
    // Not mapped yet: nothing happens, however often it is tried.
    CHECK(!send().has_value() && !send().has_value());
    for (int i = 0; i < 2; ++i) {
      queue.pushRegion({scene.file, 0, 5, account});
      queue.endResponse();
      CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
    }
    scene.statistics = {};
    const EgressStatistics atFirst = topics.at(account);
    fake().received.clear();
    fake().takes = {stop};
    fake().call = 0;
    const auto outcome = send();
    const bool whole = stop == 11 + kRecords + 5;
    CHECK(outcome == (whole ? SendQueue::Outcome::kEmpty : SendQueue::Outcome::kBlocked));
    queue.endResponse();
    CHECK_EQ(fake().received.size(), stop);
    CHECK_EQ(scene.statistics.bytesFromMemory + scene.statistics.bytesCopied, stop);
    CHECK_EQ(scene.statistics.regions, stop >= 11 + kRecords ? 1u : 0u);
    if (!whole) {
      const std::vector<std::uint8_t> next(3, 9);
      FileRegion another{scene.file, 0, 5, account};
      CHECK(!queue.sendAround(99, kernelPageCache(), scene.scratch, next, another, {}, scene.statistics).has_value());  // others wait before it
      CHECK_EQ(another.sizeBytes, 5u);
    }
    fake().takes.clear();
    CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
    std::vector<std::uint8_t> wanted = before;
    wanted.insert(wanted.end(), scene.content.begin() + 40, scene.content.begin() + 40 + kRecords);
    wanted.insert(wanted.end(), behind.begin(), behind.end());
    CHECK(fake().received == wanted);
    CHECK_EQ(scene.statistics.bytesFromMemory, 16u);
    CHECK_EQ(scene.statistics.bytesCopied, kRecords);
    CHECK_EQ(scene.statistics.preadCalls, 0u);
    CHECK_EQ(scene.statistics.sendCalls, whole ? 1u : 2u);
    CHECK_EQ(scene.statistics.recordSendCalls, scene.statistics.sendCalls);
    CHECK_EQ(scene.statistics.answers, 1u);
    CHECK_EQ(topics.at(account).answers - atFirst.answers, 1u);
    CHECK_EQ(topics.at(account).regions - atFirst.regions, 1u);
    CHECK_EQ(topics.at(account).bytesCopied - atFirst.bytesCopied, kRecords);
    CHECK_EQ(queue.memoryBytes(), 0u);
    region = {};
    CHECK_EQ(scene.file.use_count(), 1);
  }
}

TEST(a_response_around_a_region_that_was_cut_off_is_never_sent) {
  Scene scene;
  SendQueue queue;
  for (int i = 0; i < 2; ++i) {
    queue.pushRegion({scene.file, 0, 5});
    CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  }
  const std::size_t sent = fake().received.size();
  scene.file->cut(20);
  FileRegion region{scene.file, 16, 5};
  CHECK(!queue.sendAround(99, kernelPageCache(), scene.scratch, {}, region, {}, scene.statistics).has_value());
  CHECK_EQ(fake().received.size(), sent);
}

TEST(a_response_leaves_byte_by_byte) {
  Scene scene;
  SendQueue queue;
  scene.response(queue);
  for (int i = 0; i < 500; ++i) fake().takes.push_back(1);
  int flushes = 0;
  while (scene.flush(queue) != SendQueue::Outcome::kEmpty) CHECK(++flushes < 500);
  CHECK(fake().received == scene.wanted);
  CHECK_EQ(scene.file.use_count(), 1);
}

TEST(an_interrupted_call_is_repeated) {
  for (const std::size_t at : {0u, 25u}) {
    Scene scene;
    SendQueue queue;
    if (at == 0)
      scene.memory(queue, 11, 1);
    else
      scene.region(queue, 0, 60);
    fake().failWith = EINTR;
    CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
    CHECK(fake().received == scene.wanted);
  }
}

TEST(a_lost_peer_fails_the_queue_and_clearing_it_gives_back_every_pin) {
  for (const int error : {EPIPE, ECONNRESET, ETIMEDOUT}) {
    for (const bool byFile : {false, true}) {
      Scene scene;
      SendQueue queue;
      if (byFile) scene.region(queue, 0, 60);
      scene.response(queue);
      fake().failWith = error;
      CHECK(scene.flush(queue) == SendQueue::Outcome::kFailed);
      CHECK(scene.file.use_count() > 1);
      queue.clear();
      CHECK_EQ(scene.file.use_count(), 1);
      CHECK_EQ(queue.memoryBytes(), 0u);
    }
  }
}

TEST(a_peer_lost_in_mid_response_gives_back_every_pin) {
  for (std::size_t stop = 1; stop < 82; ++stop) {
    Scene scene;
    SendQueue queue;
    scene.response(queue);
    for (std::size_t left = stop; left > 0;) {
      const std::size_t before = fake().received.size();
      fake().takes = {left, 0};
      fake().call = 0;
      CHECK(scene.flush(queue) == SendQueue::Outcome::kBlocked);
      left -= fake().received.size() - before;
    }
    fake().failWith = EPIPE;
    CHECK(scene.flush(queue) == SendQueue::Outcome::kFailed);
    queue.clear();
    CHECK_EQ(scene.file.use_count(), 1);
  }
}

TEST(an_idle_queue_keeps_no_large_buffer) {
  Scene scene;
  SendQueue queue;
  scene.memory(queue, 60'000, 1);
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK(queue.spareBytes() <= SendQueue::kSpareBytes);
  scene.memory(queue, 100, 2);
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK(queue.spareBytes() >= 100 && queue.spareBytes() <= SendQueue::kSpareBytes);
}

TEST(a_response_of_many_partitions_costs_the_calls_it_must) {
  // Five partitions: small, small, large, small, large; between them what Fetch writes there, and a trailer.
  Scene scene;
  SendQueue queue;
  scene.memory(queue, 30, 1);
  scene.region(queue, 0, 10);
  scene.memory(queue, 12, 2);
  scene.region(queue, 30, 20);
  scene.memory(queue, 12, 3);
  scene.region(queue, 60, 100);
  scene.memory(queue, 12, 4);
  scene.region(queue, 5, 23);
  scene.memory(queue, 12, 5);
  scene.region(queue, 100, 24);
  scene.memory(queue, 3, 6);
  fake().recording = true;
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK(fake().received == scene.wanted);
  using Kind = FakeSocket::Kind;
  std::vector<Kind> kinds;
  std::vector<bool> more;
  for (const auto& call : fake().calls) {
    kinds.push_back(call.kind);
    if (call.kind == Kind::kSend) more.push_back((call.flags & MSG_MORE) != 0);
  }
  CHECK((kinds == std::vector<Kind>{Kind::kSend, Kind::kSendfile, Kind::kSend, Kind::kSendfile, Kind::kSend}));
  // What comes before a file waits for it; the end does not.
  CHECK((more == std::vector<bool>{true, true, false}));
  CHECK_EQ(scene.statistics.sendCalls, 3u);
  CHECK_EQ(scene.statistics.sendfileCalls, 2u);
  CHECK_EQ(scene.statistics.preadCalls, 1u);  // mapped from then on
  CHECK_EQ(scene.statistics.bytesSendfile, 124u);
  CHECK_EQ(scene.statistics.bytesCopied, 53u);
  CHECK_EQ(scene.statistics.bytesFromMemory, 81u);
}

TEST(what_fits_one_call_leaves_in_one_call) {
  Scene scene;
  SendQueue queue;
  for (int i = 0; i < 30; ++i) {
    scene.memory(queue, 20, static_cast<std::uint8_t>(i));
    scene.region(queue, static_cast<std::size_t>(i), 20);
  }
  CHECK(scene.flush(queue) == SendQueue::Outcome::kEmpty);
  CHECK(fake().received == scene.wanted);
  CHECK_EQ(scene.statistics.sendCalls, 1u);
  CHECK_EQ(scene.statistics.preadCalls, 1u);  // mapped from then on
}
