#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../../native/net/send_queue.h"
#include "harness.h"

// The linker sends the engine's calls here (`--wrap` in run.mjs): a socket that takes as many bytes as the test says.

namespace {

struct Socket {
  bool faked = false;
  std::vector<std::size_t> takes;  ///< bytes each call takes; 0: EAGAIN; when used up everything is taken
  std::size_t call = 0;
  int failWith = 0;  ///< errno of the next call
  std::vector<std::uint8_t> received;

  /// Bytes of the next call, or -1 with errno.
  ssize_t next(std::size_t offered) {
    if (failWith != 0) {
      errno = std::exchange(failWith, 0);
      return -1;
    }
    const std::size_t limit = call < takes.size() ? takes[call] : offered;
    ++call;
    if (limit == 0) {
      errno = EAGAIN;
      return -1;
    }
    return static_cast<ssize_t>(std::min(limit, offered));
  }
};

Socket& fake() {
  static Socket socket;
  return socket;
}

}  // namespace

extern "C" {
ssize_t __real_sendmsg(int fd, const struct msghdr* message, int flags);
ssize_t __real_sendfile(int out, int in, off_t* offset, size_t count);

ssize_t __wrap_sendmsg(int fd, const struct msghdr* message, int flags) {
  if (!fake().faked) return __real_sendmsg(fd, message, flags);
  std::vector<std::uint8_t> all;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) {
    const auto* const from = static_cast<const std::uint8_t*>(message->msg_iov[i].iov_base);
    all.insert(all.end(), from, from + message->msg_iov[i].iov_len);
  }
  const ssize_t taken = fake().next(all.size());
  if (taken > 0) fake().received.insert(fake().received.end(), all.begin(), all.begin() + taken);
  return taken;
}

ssize_t __wrap_sendfile(int out, int in, off_t* offset, size_t count) {
  if (!fake().faked) return __real_sendfile(out, in, offset, count);
  std::vector<std::uint8_t> bytes(count);
  const ssize_t there = ::pread(in, bytes.data(), count, *offset);
  if (there <= 0) return there;
  const ssize_t taken = fake().next(static_cast<std::size_t>(there));
  if (taken > 0) {
    fake().received.insert(fake().received.end(), bytes.begin(), bytes.begin() + taken);
    *offset += taken;
  }
  return taken;
}
}

using namespace millrace;

namespace {

constexpr std::size_t kSendfileMin = 24;

struct Scene {
  harness::TemporaryDirectory directory;
  std::vector<std::uint8_t> content;
  std::shared_ptr<const UniqueFd> file;
  std::vector<std::uint8_t> wanted;
  EgressStatistics statistics;
  std::vector<std::uint8_t> scratch;

  Scene() {
    for (int i = 0; i < 200; ++i) content.push_back(static_cast<std::uint8_t>(i * 7 + 1));
    const int fd = ::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600);
    if (::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size())) std::abort();
    file = std::make_shared<const UniqueFd>(fd);
    fake() = Socket{};
    fake().faked = true;
  }
  ~Scene() { fake() = Socket{}; }

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
