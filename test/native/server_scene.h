#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../../native/base/bytes.h"
#include "../../native/net/server.h"
#include "fake_socket.h"
#include "harness.h"
#include "plain_memory.h"

namespace millrace {

/// A length-prefixed frame of `size` bytes.
inline std::vector<std::uint8_t> frameOf(std::size_t size, std::uint8_t fill) {
  std::vector<std::uint8_t> bytes(4 + size, fill);
  storeBe<std::int32_t>(bytes.data(), static_cast<std::int32_t>(size));
  return bytes;
}

/// A server on the tests' loop. What JavaScript would do is `onEvent`; without it frames are released and nothing is answered.
class ServerScene : public Server::Sink {
 public:
  explicit ServerScene(ServerOptions options = {}, std::shared_ptr<NetworkLimits> shared = std::make_shared<NetworkLimits>(),
                       PageCache& cache = kernelPageCache())
      : limits(std::move(shared)) {
    fake() = FakeSocket{};
    options.host = "127.0.0.1";
    server = std::make_unique<Server>(&loop, memory, *this, std::move(options), limits, cache);
    if (!server->listen().ok()) std::abort();
  }
  ~ServerScene() {
    close();
    fake() = FakeSocket{};
  }

  void turn(int waitMs = 0) { fakeTurn(&loop, waitMs); }
  /// Turns until it holds; false after very many.
  [[nodiscard]] bool until(const std::function<bool()>& condition) {
    for (int i = 0; i < 20'000; ++i) {
      if (condition()) return true;
      turn(i < 100 ? 0 : 1);
    }
    return condition();
  }
  /// Several turns for what is under way to come to rest.
  void rest(int turns = 6) {
    for (int i = 0; i < turns; ++i) turn();
  }
  void close() {
    server->close();
    for (int i = 0; i < 1000 && !isClosed; ++i) turn();
    if (!isClosed) std::abort();
  }

  uv_loop_t loop;
  PlainMemory memory;
  std::shared_ptr<NetworkLimits> limits;
  std::unique_ptr<Server> server;
  std::function<void(const ServerEvent&)> onEvent;
  std::vector<ServerEvent> events;  ///< all that were delivered
  std::uint64_t deliveries = 0;
  bool isClosed = false;

 private:
  void deliver(const std::vector<ServerEvent>& happened) override {
    ++deliveries;
    for (const ServerEvent& event : happened) {
      events.push_back(event);
      if (onEvent) onEvent(event);
      else if (event.kind == ServerEvent::Kind::kFrame) server->releaseFrame(event.frame);
    }
  }
  void closed() override { isClosed = true; }
};

/// A peer: a non-blocking socket that is written to and read from when the test says so.
class Peer {
 public:
  /// `receiveBufferBytes` is how much the kernel takes for a reader that does not read.
  explicit Peer(std::uint16_t port, int receiveBufferBytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receiveBufferBytes > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receiveBufferBytes, sizeof receiveBufferBytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    const int one = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }

  /// Bytes that the kernel took.
  std::size_t write(const std::uint8_t* bytes, std::size_t size) {
    const ssize_t taken = ::send(fd_.get(), bytes, size, MSG_NOSIGNAL);
    return taken > 0 ? static_cast<std::size_t>(taken) : 0;
  }
  bool write(const std::vector<std::uint8_t>& bytes) { return write(bytes.data(), bytes.size()) == bytes.size(); }
  /// Reads what is there, at most `most`, to the end of `got`.
  std::size_t read(std::size_t most = SIZE_MAX) {
    std::size_t all = 0;
    std::uint8_t buffer[65536];
    while (all < most) {
      const ssize_t count = ::read(fd_.get(), buffer, std::min(sizeof buffer, most - all));
      if (count == 0 || (count < 0 && errno != EAGAIN)) ended = true;
      if (count <= 0) break;
      got.insert(got.end(), buffer, buffer + count);
      all += static_cast<std::size_t>(count);
    }
    return all;
  }
  void end() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Ends the connection with a reset.
  void reset() {
    const struct linger now = {1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  [[nodiscard]] bool open() const { return fd_.valid(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  std::vector<std::uint8_t> got;
  bool ended = false;

 private:
  UniqueFd fd_;
};

/// A file of random bytes that is not in any directory any more.
class RegionFile {
 public:
  explicit RegionFile(std::size_t size, unsigned long long seed = 9) : content(size) {
    harness::Random random(seed);
    for (auto& byte : content) byte = static_cast<std::uint8_t>(random.next());
    const harness::TemporaryDirectory directory;
    fd = std::make_shared<const PinnedFile>(::open((directory.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
    if (::write(fd->get(), content.data(), size) != static_cast<ssize_t>(size)) std::abort();
  }
  [[nodiscard]] FileRegion region(std::size_t from, std::size_t size) const { return {fd, from, size}; }
  void expect(std::vector<std::uint8_t>& wanted, std::size_t from, std::size_t size) const {
    wanted.insert(wanted.end(), content.begin() + static_cast<std::ptrdiff_t>(from), content.begin() + static_cast<std::ptrdiff_t>(from + size));
  }

  std::vector<std::uint8_t> content;
  std::shared_ptr<const PinnedFile> fd;
};

}  // namespace millrace
