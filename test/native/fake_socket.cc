#include "fake_socket.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

FakeSocket& fake() {
  static FakeSocket socket;
  return socket;
}

ssize_t FakeSocket::next(std::size_t offered) {
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

namespace {

using Kind = FakeSocket::Kind;
using Mode = FakeSocket::Mode;

/// EAGAIN or EINTR, now and then.
bool faulty() {
  if (fake().mode != Mode::kFaulty) return false;
  if (fake().strikes()) errno = EAGAIN;
  else if (fake().strikes()) errno = EINTR;
  else return false;
  return true;
}

/// A part of what was asked for, now and then.
std::size_t shortened(std::size_t size) { return fake().mode == Mode::kFaulty && size > 0 && fake().strikes() ? 1 + fake().random.below(size) : size; }

ssize_t sendPart(int fd, const struct msghdr* message, std::size_t size, int flags);

}  // namespace

extern "C" {
ssize_t __real_millraceSend(int fd, const void* from, size_t size, int flags);
ssize_t __real_millraceSendmsg(int fd, const struct msghdr* message, int flags);
ssize_t __real_sendfile(int out, int in, off_t* offset, size_t count);
ssize_t __real_millraceRecv(int fd, void* into, size_t size, int flags);
int __real_accept4(int fd, struct sockaddr* address, socklen_t* size, int flags);

ssize_t __wrap_millraceSendmsg(int fd, const struct msghdr* message, int flags) {
  if (faulty()) return fake().note(Kind::kSend, flags, -1);
  std::size_t all = 0;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) all += message->msg_iov[i].iov_len;
  if (fake().mode != Mode::kFaked) return fake().note(Kind::kSend, flags, sendPart(fd, message, shortened(all), flags));
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) {
    const auto* const from = static_cast<const std::uint8_t*>(message->msg_iov[i].iov_base);
    bytes.insert(bytes.end(), from, from + message->msg_iov[i].iov_len);
  }
  const ssize_t taken = fake().next(all);
  if (taken > 0) fake().received.insert(fake().received.end(), bytes.begin(), bytes.begin() + taken);
  return fake().note(Kind::kSend, flags, taken);
}

ssize_t __wrap_millraceSend(int fd, const void* from, size_t size, int flags) {
  struct iovec part = {const_cast<void*>(from), size};
  struct msghdr message {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fake().mode == Mode::kReal) return fake().note(Kind::kSend, flags, __real_millraceSend(fd, from, size, flags));
  return __wrap_millraceSendmsg(fd, &message, flags);
}

ssize_t __wrap_sendfile(int out, int in, off_t* offset, size_t count) {
  if (faulty()) return fake().note(Kind::kSendfile, 0, -1);
  if (fake().mode != Mode::kFaked) return fake().note(Kind::kSendfile, 0, __real_sendfile(out, in, offset, shortened(count)));
  std::vector<std::uint8_t> bytes(count);
  const ssize_t there = ::pread(in, bytes.data(), count, *offset);
  if (there <= 0) return fake().note(Kind::kSendfile, 0, there);
  const ssize_t taken = fake().next(static_cast<std::size_t>(there));
  if (taken > 0) {
    fake().received.insert(fake().received.end(), bytes.begin(), bytes.begin() + taken);
    *offset += taken;
  }
  return fake().note(Kind::kSendfile, 0, taken);
}

ssize_t __wrap_millraceRecv(int fd, void* into, size_t size, int flags) {
  if (faulty()) return fake().note(Kind::kReceive, flags, -1);
  return fake().note(Kind::kReceive, flags, __real_millraceRecv(fd, into, shortened(size), flags));
}

int __wrap_accept4(int fd, struct sockaddr* address, socklen_t* size, int flags) {
  if (fake().failAccept != 0) {
    errno = fake().failAccept;
    return static_cast<int>(fake().note(Kind::kAccept, flags, -1));
  }
  return static_cast<int>(fake().note(Kind::kAccept, flags, __real_accept4(fd, address, size, flags)));
}
}

namespace {

ssize_t sendPart(int fd, const struct msghdr* message, std::size_t size, int flags) {
  std::vector<struct iovec> parts;
  for (std::size_t i = 0; i < message->msg_iovlen && size > 0; ++i) {
    const std::size_t step = std::min(size, message->msg_iov[i].iov_len);
    parts.push_back({message->msg_iov[i].iov_base, step});
    size -= step;
  }
  struct msghdr part = *message;
  part.msg_iov = parts.data();
  part.msg_iovlen = parts.size();
  return __real_millraceSendmsg(fd, &part, flags);
}

}  // namespace
