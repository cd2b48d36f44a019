#include "socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string_view>

namespace millrace {

void tuneAccepted(int fd, const std::string& ip, int sendBufferBytes) noexcept {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  if (sendBufferBytes >= 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sendBufferBytes, sizeof sendBufferBytes);
  // Every kernel has Reno and lets every process choose it.
  constexpr std::string_view kUnpaced = "reno";
  const std::string_view from = ip;
  if (from.starts_with("127.") || from == "::1") ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
}

}  // namespace millrace
