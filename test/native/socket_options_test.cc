#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "../../native/base/unique_fd.h"
#include "../../native/net/socket_options.h"
#include "harness.h"

using namespace millrace;

namespace {

std::string congestionControl(int fd) {
  char name[32] = "";
  socklen_t size = sizeof name;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0 ? name : "";
}

int number(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

TEST(a_peer_on_this_machine_is_not_paced_others_are_left_to_the_system) {
  const UniqueFd plain(::socket(AF_INET, SOCK_STREAM, 0));
  const std::string system = congestionControl(plain.get());
  for (const char* ip : {"127.0.0.1", "127.1.2.3", "::1"}) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    tuneAccepted(fd.get(), ip, -1);
    CHECK(congestionControl(fd.get()) == "reno");
  }
  for (const char* ip : {"10.0.0.1", "128.0.0.1", "::1:1", "fe80::1"}) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    tuneAccepted(fd.get(), ip, -1);
    CHECK(congestionControl(fd.get()) == system);
  }
}

TEST(an_accepted_socket_sends_at_once_and_its_buffer_is_the_kernels_unless_a_size_is_given) {
  const UniqueFd plain(::socket(AF_INET, SOCK_STREAM, 0));
  const UniqueFd automatic(::socket(AF_INET, SOCK_STREAM, 0));
  tuneAccepted(automatic.get(), "10.0.0.1", -1);
  CHECK_EQ(number(automatic.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  CHECK_EQ(number(automatic.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  CHECK_EQ(number(automatic.get(), SOL_SOCKET, SO_SNDBUF), number(plain.get(), SOL_SOCKET, SO_SNDBUF));
  const UniqueFd sized(::socket(AF_INET, SOCK_STREAM, 0));
  tuneAccepted(sized.get(), "10.0.0.1", 30'000);
  CHECK_EQ(number(sized.get(), SOL_SOCKET, SO_SNDBUF), 60'000);  // the kernel doubles it, for its own needs
}
