// The load client: closed loop, `connections` with `depth` requests in flight each, for `seconds`. Checks every answer's error code.
//
//   load <port> <produce|fetch|tiny> <bytes> <connections> <depth> <seconds> <topic>     prints one line of JSON

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "wire.h"

namespace {

using bench::Bytes;
using bench::loadBe;

double now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

struct Connection {
  int fd = -1;
  Bytes request;
  std::deque<double> sentAt;
  std::size_t toSend = 0;  // bytes of the current request still to go
  int unsent = 0;          // requests that wait to be sent
  Bytes in = Bytes(1 << 16);
  std::size_t have = 0;
  bool wantsWrite = false;
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "load: %s (%s)\n", what, std::strerror(errno));
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8) die("usage");
  const int port = std::atoi(argv[1]);
  const std::string mode = argv[2];
  const auto bytes = static_cast<std::size_t>(std::atoll(argv[3]));
  const int connections = std::atoi(argv[4]);
  const int depth = std::atoi(argv[5]);
  const double seconds = std::atof(argv[6]);
  const std::string topic = argv[7];
  Bytes request;
  if (mode == "produce") request = bench::produceRequest(topic, bench::makeBatch(bytes > millrace::batch::kHeaderBytes ? bytes - millrace::batch::kHeaderBytes : 1));
  else if (mode == "fetch") request = bench::fetchRequest(topic, 0, static_cast<std::int32_t>(bytes));
  else request = bench::apiVersionsRequest();
  // Where the error code of the first partition is in a response (after size and correlation id).
  const std::size_t errorAt = mode == "produce" ? 8 + 4 + 2 + topic.size() + 4 + 4 : mode == "fetch" ? 8 + 4 + 2 + 4 + 4 + 2 + topic.size() + 4 + 4 : 8;

  const int poll = ::epoll_create1(0);
  std::vector<Connection> all(static_cast<std::size_t>(connections));
  for (Connection& c : all) {
    c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int one = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c.request = request;
    c.unsent = depth;
    epoll_event event{EPOLLIN | EPOLLOUT, {.ptr = &c}};
    c.wantsWrite = true;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, c.fd, &event);
  }
  std::vector<float> latencies;
  latencies.reserve(1 << 22);
  std::uint64_t responses = 0;
  std::uint64_t received = 0;
  const double begun = now();
  double end = begun + seconds;
  epoll_event events[256];
  bool stopping = false;
  std::uint64_t outstanding = 0;
  while (!stopping || outstanding > 0) {
    const int count = ::epoll_wait(poll, events, 256, 1000);
    const double t = now();
    if (!stopping && t >= end) stopping = true;
    if (stopping && t > end + 10) die("answers are missing");
    for (int i = 0; i < count; ++i) {
      Connection& c = *static_cast<Connection*>(events[i].data.ptr);
      if ((events[i].events & EPOLLIN) != 0) {
        for (;;) {
          if (c.have == c.in.size()) c.in.resize(c.in.size() * 2);
          const std::size_t room = c.in.size() - c.have;
          const ssize_t n = ::recv(c.fd, c.in.data() + c.have, room, MSG_DONTWAIT);
          if (n == 0) die("connection closed");
          if (n < 0) break;
          c.have += static_cast<std::size_t>(n);
          received += static_cast<std::uint64_t>(n);
          std::size_t at = 0;
          while (c.have - at >= 4) {
            const auto size = static_cast<std::size_t>(loadBe<std::int32_t>(c.in.data() + at));
            if (c.have - at < 4 + size) break;
            const auto code = loadBe<std::int16_t>(c.in.data() + at + errorAt);
            if (code != 0) {
              std::fprintf(stderr, "load: error code %d\n", code);
              return 1;
            }
            latencies.push_back(static_cast<float>(t - c.sentAt.front()));
            c.sentAt.pop_front();
            ++responses;
            --outstanding;
            ++c.unsent;
            at += 4 + size;
          }
          if (at > 0) {
            std::memmove(c.in.data(), c.in.data() + at, c.have - at);
            c.have -= at;
          }
          if (static_cast<std::size_t>(n) < room) break;
        }
      }
      bool blocked = false;
      while (c.toSend > 0 || (c.unsent > 0 && !stopping)) {
        if (c.toSend == 0) {
          c.toSend = c.request.size();
          --c.unsent;
          ++outstanding;
          c.sentAt.push_back(now());
        }
        const ssize_t n = ::send(c.fd, c.request.data() + c.request.size() - c.toSend, c.toSend, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
          if (errno != EAGAIN) die("send");
          blocked = true;
          break;
        }
        c.toSend -= static_cast<std::size_t>(n);
      }
      if (blocked != c.wantsWrite) {
        c.wantsWrite = blocked;
        epoll_event event{EPOLLIN | (blocked ? static_cast<std::uint32_t>(EPOLLOUT) : 0u), {.ptr = &c}};
        ::epoll_ctl(poll, EPOLL_CTL_MOD, c.fd, &event);
      }
    }
  }
  const double elapsed = now() - begun;
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](double q) { return latencies.empty() ? 0.0 : 1000.0 * latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))]; };
  const double payload = mode == "produce" ? static_cast<double>(bytes) * static_cast<double>(responses) : static_cast<double>(received);
  std::printf("{\"requestsPerSecond\":%.0f,\"mbPerSecond\":%.2f,\"bytes\":%.0f,\"seconds\":%.3f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f}\n",
              static_cast<double>(responses) / elapsed, payload / 1e6 / elapsed, payload, elapsed, quantile(0.5), quantile(0.99), quantile(0.999));
}
