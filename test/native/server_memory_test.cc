#include <sys/resource.h>
#include <sys/wait.h>

#include <cstring>

#include "heap.h"
#include "server_scene.h"

using namespace millrace;

namespace {

using Kind = ServerEvent::Kind;

/// Everything of a file is in memory, also its holes.
class WarmPageCache : public PageCache {
 public:
  [[nodiscard]] bool mayMap() const noexcept override { return false; }
  ssize_t read(int fd, void* into, std::size_t size, off_t position) override { return ::pread(fd, into, size, position); }
  bool holds(int, off_t, std::size_t) override { return true; }
  void load(int, off_t, std::size_t) override {}
};

/// Peers of another process (this one needs its descriptors for the server): each sends a request and reads `answerBytes`, then all
/// stay until they are told to go.
class PeersElsewhere {
 public:
  PeersElsewhere(std::uint16_t port, std::size_t count, std::size_t answerBytes) {
    int up[2];
    int down[2];
    if (::pipe(up) != 0 || ::pipe(down) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::close(up[0]);
      ::close(down[1]);
      run(port, count, answerBytes, up[1], down[0]);
    }
    ::close(up[1]);
    ::close(down[0]);
    ready_ = UniqueFd(up[0]);
    stay_ = UniqueFd(down[1]);
    ::fcntl(ready_.get(), F_SETFL, O_NONBLOCK);
  }
  ~PeersElsewhere() {
    stay_.reset();
    ::waitpid(child_, nullptr, 0);
  }
  /// All have their answers.
  [[nodiscard]] bool ready() {
    char byte;
    return ready_.valid() && ::read(ready_.get(), &byte, 1) == 1;
  }
  void leave() { stay_.reset(); }

 private:
  [[noreturn]] static void run(std::uint16_t port, std::size_t count, std::size_t answerBytes, int ready, int stay) {
    std::vector<UniqueFd> fds;
    std::vector<char> buffer(answerBytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto request = frameOf(20, 1);
    for (std::size_t i = 0; i < count; ++i) {
      UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
      if (::write(fd.get(), request.data(), request.size()) < 0) ::_exit(1);
      for (std::size_t got = 0; got < answerBytes;) {
        const ssize_t part = ::read(fd.get(), buffer.data(), answerBytes - got);
        if (part <= 0) ::_exit(1);
        got += static_cast<std::size_t>(part);
      }
      fds.push_back(std::move(fd));
    }
    char byte = 1;
    if (::write(ready, &byte, 1) != 1) ::_exit(1);
    (void)!::read(stay, &byte, 1);
    ::_exit(0);
  }

  pid_t child_ = 0;
  UniqueFd ready_;
  UniqueFd stay_;
};

}  // namespace

TEST(ten_thousand_idle_connections_cost_a_kibibyte_each) {
  struct rlimit limit {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 12'000);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  // Each of their turns looks at all of them.
  constexpr std::size_t kWanted = harness::kThreadSanitizer ? 2'000 : 10'000;
  const std::size_t count = std::min<std::size_t>(kWanted, limit.rlim_cur - 200);
  if (count < kWanted) std::printf("    only %zu connections: the limit of descriptors is %zu\n", count, static_cast<std::size_t>(limit.rlim_cur));
  ServerScene scene;
  const auto answer = frameOf(1000, 3);
  std::size_t frames = 0;
  std::size_t closed = 0;
  scene.onEvent = [&](const ServerEvent& event) {
    scene.events.clear();  // not the server's memory
    if (event.kind == Kind::kClose) ++closed;
    if (event.kind == Kind::kEnd) scene.server->closeConnection(event.connection, CloseReason::kRemote, true);
    if (event.kind != Kind::kFrame) return;
    ++frames;
    scene.server->sendBytes(event.connection, answer.data(), answer.size());
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  const std::size_t before = harness::heapBytes();
  PeersElsewhere peers(scene.server->port(), count, answer.size());
  // Their requests come one by one: as many turns as there are connections, each with a poll over all of them.
  for (std::size_t i = 0; i < 40 * count && !peers.ready(); ++i) scene.turn(1);
  CHECK_EQ(frames, count);
  CHECK_EQ(scene.server->statistics().connectionsOpen, count);
  CHECK_EQ(scene.server->bufferBytesInUse(), 0u);
  CHECK(scene.server->bufferBytes() <= SlabPool::kKeptBytes);
  CHECK_EQ(scene.server->sendQueueBytes(), 0u);
  const std::size_t each = (harness::heapBytes() - before - scene.server->bufferBytes()) / count;
  std::printf("    %zu bytes of heap per idle connection that was served, sizeof(Connection) %zu\n", each, sizeof(Connection));
  // The answer's buffer (1 KiB) is kept for the next one.
  CHECK(each <= 1024 + 1536);
  peers.leave();
  CHECK(scene.until([&] { return closed == count; }));
  scene.rest();
  CHECK_EQ(scene.server->statistics().connectionsOpen, 0u);
}

TEST(a_thousand_readers_of_one_byte_a_round_cost_no_memory_for_their_files) {
  constexpr std::size_t kReaders = 1000;
  constexpr std::size_t kRegionBytes = std::size_t{100} << 20;
  WarmPageCache cache;
  ServerOptions options;
  options.sendBufferBytes = 4096;
  const harness::TemporaryDirectory directory;
  const auto file = std::make_shared<const PinnedFile>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  CHECK_EQ(::ftruncate(file->get(), static_cast<off_t>(kRegionBytes)), 0);
  ServerScene scene(options, std::make_shared<NetworkLimits>(), cache);
  const auto head = frameOf(80, 4);
  scene.onEvent = [&](const ServerEvent& event) {
    scene.events.clear();
    if (event.kind != Kind::kFrame) return;
    scene.server->sendBytes(event.connection, head.data(), head.size());
    scene.server->sendRegion(event.connection, FileRegion{file, 0, kRegionBytes});
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  std::vector<Peer> peers;
  peers.reserve(kReaders);
  const std::size_t before = harness::heapBytes();
  for (std::size_t i = 0; i < kReaders; ++i) {
    peers.emplace_back(scene.server->port(), 2048);
    CHECK(peers.back().write(frameOf(20, 1)));
    peers.back().got.reserve(64);
    scene.turn();
  }
  CHECK(scene.until([&] { return scene.server->statistics().framesReceived == kReaders; }));
  scene.rest(20);
  fake().recording = true;
  fake().calls.reserve(100'000);
  const std::size_t pending = harness::heapBytes();
  for (int round = 0; round < 30; ++round) {
    for (Peer& peer : peers) CHECK_EQ(peer.read(1), 1u);
    scene.turn();
    scene.turn();
  }
  for (const Peer& peer : peers) CHECK(std::equal(peer.got.begin(), peer.got.end(), head.begin()));
  CHECK_EQ(harness::heapBytes(), pending);
  const std::size_t each = (pending - before - scene.server->bufferBytes()) / kReaders;
  std::printf("    %zu bytes of heap per reader with 100 MiB pending\n", each);
  CHECK(each <= 4 * 1024);
  CHECK_EQ(scene.server->bufferBytesInUse(), 0u);
  // A socket that is full is not tried again for every byte that is read.
  CHECK(fake().count(FakeSocket::Kind::kSend) + fake().count(FakeSocket::Kind::kSendfile) <= 3 * kReaders);
  CHECK_EQ(file.use_count(), static_cast<long>(kReaders) + 1);
}

TEST(a_reader_that_never_catches_up_costs_no_more_than_the_limit) {
  // The queue is never empty: what was sent of it must not stay in memory.
  ServerOptions options;
  options.sendBufferBytes = 16 * 1024;
  options.maxSendQueueBytes = 256 * 1024;
  ServerScene scene(options);
  Peer peer(scene.server->port(), 16 * 1024);
  const auto answer = frameOf(4000, 6);
  scene.onEvent = [&](const ServerEvent& event) {
    scene.events.clear();
    if (event.kind != Kind::kFrame) return;
    scene.server->sendBytes(event.connection, answer.data(), answer.size());
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 1; }));
  const auto request = frameOf(20, 1);
  peer.got.reserve(1 << 20);
  const std::size_t before = harness::heapBytes();
  std::size_t most = 0;
  std::size_t read = 0;
  std::size_t served = 0;
  for (int round = 0; round < 10'000; ++round) {
    if (scene.server->sendQueueBytes() < 128 * 1024) (void)peer.write(request);
    scene.turn();
    if (scene.server->sendQueueBytes() >= 64 * 1024) {
      served = std::max(served, read);
      read += peer.read(4000);
    }
    peer.got.clear();
    most = std::max(most, harness::heapBytes() - before);
  }
  CHECK(read > 5'000'000);
  std::printf("    at most %zu bytes of heap while %zu were read\n", most - scene.server->bufferBytes(), read);
  CHECK(most <= scene.server->bufferBytes() + 3 * options.maxSendQueueBytes);
}

TEST(a_flood_of_tiny_answers_with_regions_counts_what_it_costs) {
  // A response of 20 bytes and a region weighs more in the queue than its 20 bytes; reading stops by what it weighs.
  const RegionFile file(100'000);
  ServerOptions options;
  options.sendBufferBytes = 4096;
  options.maxSendQueueBytes = 256 * 1024;
  ServerScene scene(options);
  Peer peer(scene.server->port(), 4096);
  const auto head = frameOf(16, 6);
  scene.onEvent = [&](const ServerEvent& event) {
    scene.events.clear();
    if (event.kind != Kind::kFrame) return;
    scene.server->sendBytes(event.connection, head.data(), head.size());
    scene.server->sendRegion(event.connection, file.region(0, 90'000));
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 1; }));
  const std::size_t before = harness::heapBytes();
  const auto request = frameOf(8, 1);
  std::vector<std::uint8_t> flood;
  for (int i = 0; i < 2000; ++i) flood.insert(flood.end(), request.begin(), request.end());
  for (int round = 0; round < 300; ++round) {
    (void)peer.write(flood.data(), flood.size() / request.size() * request.size());
    scene.turn();
    scene.turn();
  }
  const std::size_t held = harness::heapBytes() - before - scene.server->bufferBytes();
  std::printf("    %zu bytes of heap for %llu answers that wait\n", held, static_cast<unsigned long long>(scene.server->statistics().framesReceived));
  CHECK(scene.server->statistics().framesReceived > 500);
  CHECK(held <= 3 * options.maxSendQueueBytes);
}
