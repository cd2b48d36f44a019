// The plain server that Millrace is measured against: one thread, epoll, the same framing and the same work for the bytes (CRC-32C
// check, append by pwritev, fetch by sendfile or one copy), and nothing else: no topics, no configs, no groups.
//
//   reference <directory> <sendfileMinBytes>      prints "ready PORT"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "wire.h"

namespace {

using bench::Bytes;
using bench::loadBe;
using bench::put;
using bench::putString;

int logFile = -1;
std::int64_t logBytes = 0;
std::int64_t nextOffset = 0;
std::vector<std::int64_t> positions;  // of each batch; one record each
std::size_t sendfileMin = 32 * 1024;

struct Connection {
  int fd = -1;
  Bytes in = Bytes(64 * 1024);
  std::size_t begin = 0;
  std::size_t end = 0;
  Bytes out;
  std::size_t outSent = 0;
  std::int64_t filePosition = 0;
  std::size_t fileLeft = 0;
  Bytes tail;
  bool blocked = false;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// Sends what is queued. False when the connection is lost.
bool flush(Connection& c, int poll) {
  for (;;) {
    if (c.outSent < c.out.size()) {
      const ssize_t n = ::send(c.fd, c.out.data() + c.outSent, c.out.size() - c.outSent, MSG_NOSIGNAL | (c.fileLeft > 0 ? MSG_MORE : 0));
      if (n < 0) {
        if (errno != EAGAIN) return false;
        break;
      }
      c.outSent += static_cast<std::size_t>(n);
      continue;
    }
    c.out.clear();
    c.outSent = 0;
    if (c.fileLeft == 0) {
      if (!c.tail.empty()) {
        c.out.swap(c.tail);
        continue;
      }
      if (c.blocked) {
        c.blocked = false;
        epoll_event event{EPOLLIN, {.ptr = &c}};
        ::epoll_ctl(poll, EPOLL_CTL_MOD, c.fd, &event);
      }
      return true;
    }
    off_t position = c.filePosition;
    const ssize_t n = ::sendfile(c.fd, logFile, &position, c.fileLeft);
    if (n < 0) {
      if (errno != EAGAIN) return false;
      break;
    }
    c.filePosition += n;
    c.fileLeft -= static_cast<std::size_t>(n);
  }
  if (!c.blocked) {
    c.blocked = true;
    epoll_event event{EPOLLIN | EPOLLOUT, {.ptr = &c}};
    ::epoll_ctl(poll, EPOLL_CTL_MOD, c.fd, &event);
  }
  return true;
}

void produce(Connection& c, std::uint8_t* frame, std::size_t size, std::int32_t correlation, std::size_t at) {
  at += 2 + 2 + 4 + 4;  // transactional id (null), acks, timeout, topic count
  const std::string topic(reinterpret_cast<char*>(frame) + at + 2, static_cast<std::size_t>(loadBe<std::int16_t>(frame + at)));
  at += 2 + topic.size() + 4 + 4;  // partition count, index
  const auto length = static_cast<std::size_t>(loadBe<std::int32_t>(frame + at));
  at += 4;
  millrace::BatchHeader header;
  const bool good = at + length <= size && millrace::inspectBatch(frame + at, length, header) == millrace::BatchStatus::kOk;
  if (good) {
    bench::storeBe<std::int64_t>(frame + at, nextOffset);
    const iovec part = {frame + at, length};
    if (::pwritev(logFile, &part, 1, logBytes) != static_cast<ssize_t>(length)) die("pwritev");
    positions.push_back(logBytes);
    logBytes += static_cast<std::int64_t>(length);
  }
  Bytes& out = c.out;
  const std::size_t start = out.size();
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, correlation);
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, 1);
  put<std::int32_t>(out, 0);
  put<std::int16_t>(out, good ? 0 : 2);
  put<std::int64_t>(out, nextOffset);
  put<std::int64_t>(out, -1);
  put<std::int64_t>(out, 0);
  put<std::int32_t>(out, 0);
  bench::storeBe<std::int32_t>(out.data() + start, static_cast<std::int32_t>(out.size() - start - 4));
  if (good) ++nextOffset;
}

void fetch(Connection& c, const std::uint8_t* frame, std::int32_t correlation, std::size_t at) {
  at += 4 + 4 + 4 + 4 + 1 + 4 + 4 + 4;
  const std::string topic(reinterpret_cast<const char*>(frame) + at + 2, static_cast<std::size_t>(loadBe<std::int16_t>(frame + at)));
  at += 2 + topic.size() + 4 + 4 + 4;
  const auto offset = static_cast<std::size_t>(loadBe<std::int64_t>(frame + at));
  const auto maxBytes = static_cast<std::int64_t>(loadBe<std::int32_t>(frame + at + 16));
  std::int64_t from = offset < positions.size() ? positions[offset] : logBytes;
  std::int64_t to = from;
  for (std::size_t i = offset; i < positions.size(); ++i) {
    const std::int64_t end = i + 1 < positions.size() ? positions[i + 1] : logBytes;
    if (end - from > maxBytes && i > offset) break;
    to = end;
    if (end - from >= maxBytes) break;
  }
  const auto size = static_cast<std::size_t>(to - from);
  Bytes& out = c.out;
  const std::size_t start = out.size();
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, correlation);
  put<std::int32_t>(out, 0);
  put<std::int16_t>(out, 0);
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, 1);
  putString(out, topic);
  put<std::int32_t>(out, 1);
  put<std::int32_t>(out, 0);
  put<std::int16_t>(out, 0);
  put<std::int64_t>(out, nextOffset);
  put<std::int64_t>(out, nextOffset);
  put<std::int64_t>(out, 0);
  put<std::int32_t>(out, -1);
  put<std::int32_t>(out, -1);
  put<std::int32_t>(out, static_cast<std::int32_t>(size));
  bench::storeBe<std::int32_t>(out.data() + start, static_cast<std::int32_t>(out.size() - start - 4 + size));
  if (size >= sendfileMin) {
    c.filePosition = from;
    c.fileLeft = size;
    return;
  }
  const std::size_t head = out.size();
  out.resize(head + size);
  if (::pread(logFile, out.data() + head, size, from) != static_cast<ssize_t>(size)) die("pread");
}

/// As many as Millrace advertises: the run ends when the answers differ in size.
constexpr std::int16_t kApis = 75;

void apiVersions(Connection& c, std::int32_t correlation) {
  Bytes& out = c.out;
  const std::size_t start = out.size();
  put<std::int32_t>(out, 0);
  put<std::int32_t>(out, correlation);
  put<std::int16_t>(out, 0);
  put<std::int32_t>(out, kApis);
  for (std::int16_t i = 0; i < kApis; ++i) {
    put<std::int16_t>(out, i);
    put<std::int16_t>(out, 0);
    put<std::int16_t>(out, 9);
  }
  bench::storeBe<std::int32_t>(out.data() + start, static_cast<std::int32_t>(out.size() - start - 4));
}

bool receive(Connection& c, int poll) {
  for (;;) {
    if (c.end == c.in.size()) {
      std::copy(c.in.begin() + static_cast<std::ptrdiff_t>(c.begin), c.in.begin() + static_cast<std::ptrdiff_t>(c.end), c.in.begin());
      c.end -= c.begin;
      c.begin = 0;
      if (c.end == c.in.size()) c.in.resize(c.in.size() * 2);
    }
    const std::size_t room = c.in.size() - c.end;
    const ssize_t n = ::recv(c.fd, c.in.data() + c.end, room, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
    if (n > 0) c.end += static_cast<std::size_t>(n);
    while (c.end - c.begin >= 4 && c.fileLeft == 0) {
      const auto size = static_cast<std::size_t>(loadBe<std::int32_t>(c.in.data() + c.begin));
      if (c.end - c.begin < 4 + size) break;
      std::uint8_t* const frame = c.in.data() + c.begin + 4;
      const auto key = loadBe<std::int16_t>(frame);
      const auto correlation = loadBe<std::int32_t>(frame + 4);
      const std::size_t body = 10 + static_cast<std::size_t>(loadBe<std::int16_t>(frame + 8));
      if (key == 0) produce(c, frame, size, correlation, body);
      else if (key == 1) fetch(c, frame, correlation, body);
      else apiVersions(c, correlation);
      c.begin += 4 + size;
      if (c.begin == c.end) c.begin = c.end = 0;
    }
    if (!flush(c, poll)) return false;
    if (n < 0 || static_cast<std::size_t>(n) < room) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) sendfileMin = std::strtoull(argv[2], nullptr, 10);
  const std::string path = std::string(argc > 1 ? argv[1] : ".") + "/reference.log";
  logFile = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (logFile < 0) die("open");
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 1024) != 0) die("listen");
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("ready %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int poll = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  epoll_event events[256];
  for (;;) {
    const int count = ::epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      auto* const c = static_cast<Connection*>(events[i].data.ptr);
      if (c == nullptr) {
        for (int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK); fd >= 0; fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) {
          const int one = 1;
          ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          auto* const fresh = new Connection;
          fresh->fd = fd;
          epoll_event added{EPOLLIN, {.ptr = fresh}};
          ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &added);
        }
        continue;
      }
      bool open = true;
      if ((events[i].events & EPOLLOUT) != 0) open = flush(*c, poll);
      if (open && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) open = receive(*c, poll);
      if (!open) {
        ::close(c->fd);
        delete c;
      }
    }
  }
}
