#pragma once

// One connection of the load client: sends requests that share the bytes of one batch, cuts answers into frames, checks their order.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "wire.h"

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::fprintf(stderr, "load: %s (%s)\n", what, std::strerror(errno));
  std::exit(1);
}

inline std::int64_t nowNs() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

struct Sent {
  std::int64_t intendedNs = 0;
  std::int32_t partition = 0;
};

class Connection {
 public:
  Connection(int port, int poll) : poll_(poll) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // With the kernel's own tuning of the receive buffer one server gave 1.5 to 8 thousand fetches of 1 MiB a second, round by round.
    const int receiveBytes = 4 << 20;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receiveBytes, sizeof receiveBytes);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{EPOLLIN, {.ptr = this}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd_, &event);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  [[nodiscard]] std::size_t inFlight() const { return answersDue_.size(); }
  [[nodiscard]] bool sending() const { return left_ > 0; }

  /// Begins a request: `header` is taken over, `body` is shared and must stay. Only when the last one has been sent.
  void begin(const Bytes& header, const Bytes& body, Sent sent, bool answered) {
    header_.assign(header.begin(), header.end());
    storeBe<std::int32_t>(header_.data() + kCorrelationAt, nextCorrelation_++);
    body_ = &body;
    left_ = header_.size() + body.size();
    if (answered) answersDue_.push_back(sent);
    else ++firstDue_;
  }
  Bytes& header() { return header_; }

  /// False while the socket takes no more; the loop calls again when it does.
  bool flush() {
    while (left_ > 0) {
      const std::size_t done = header_.size() + body_->size() - left_;
      iovec parts[2];
      std::size_t count = 0;
      if (done < header_.size()) parts[count++] = {header_.data() + done, header_.size() - done};
      const std::size_t bodyDone = done > header_.size() ? done - header_.size() : 0;
      if (!body_->empty()) parts[count++] = {const_cast<std::uint8_t*>(body_->data()) + bodyDone, body_->size() - bodyDone};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = count;
      const ssize_t n = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0) {
        if (errno != EAGAIN) die("send");
        watch(true);
        return false;
      }
      left_ -= static_cast<std::size_t>(n);
    }
    watch(false);
    return true;
  }

  /// Calls `onAnswer(frame, size, sent, receivedNs)` for every whole answer; the frame begins with its size.
  template <typename OnAnswer>
  void receive(OnAnswer onAnswer) {
    for (;;) {
      if (have_ == in_.size()) in_.resize(in_.size() * 2);
      const std::size_t room = in_.size() - have_;
      const ssize_t n = ::recv(fd_, in_.data() + have_, room, MSG_DONTWAIT);
      if (n == 0) die("connection closed");
      if (n < 0) {
        if (errno != EAGAIN) die("recv");
        return;
      }
      const std::int64_t receivedNs = nowNs();
      have_ += static_cast<std::size_t>(n);
      std::size_t at = 0;
      while (have_ - at >= 4) {
        const std::size_t size = 4 + static_cast<std::size_t>(loadBe<std::int32_t>(in_.data() + at));
        if (have_ - at < size) break;
        if (answersDue_.empty() || loadBe<std::int32_t>(in_.data() + at + 4) != firstDue_) die("answers out of order");
        const Sent sent = answersDue_.front();
        answersDue_.pop_front();
        ++firstDue_;
        onAnswer(in_.data() + at, size, sent, receivedNs);
        at += size;
      }
      if (at > 0) {
        std::memmove(in_.data(), in_.data() + at, have_ - at);
        have_ -= at;
      }
      if (static_cast<std::size_t>(n) < room) return;
    }
  }

  std::deque<std::int64_t> waiting;  // intended send times of requests that are due and not begun
  std::size_t index = 0;

 private:
  void watch(bool writable) {
    if (writable == watchesWrite_) return;
    watchesWrite_ = writable;
    epoll_event event{EPOLLIN | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0u), {.ptr = this}};
    ::epoll_ctl(poll_, EPOLL_CTL_MOD, fd_, &event);
  }

  int poll_;
  int fd_ = -1;
  Bytes header_;
  const Bytes* body_ = nullptr;
  std::size_t left_ = 0;
  std::deque<Sent> answersDue_;
  std::int32_t nextCorrelation_ = 0;
  std::int32_t firstDue_ = 0;  // its correlation id
  Bytes in_ = Bytes(1 << 14);
  std::size_t have_ = 0;
  bool watchesWrite_ = false;
};

}  // namespace bench
