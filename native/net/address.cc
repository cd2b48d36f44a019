#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>
#include <memory>

namespace millrace {

std::string addressText(const sockaddr_storage& address, std::uint16_t* port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto* const four = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    if (port != nullptr) *port = ntohs(four->sin_port);
    return text;
  }
  const auto* const six = reinterpret_cast<const sockaddr_in6*>(&address);
  if (port != nullptr) *port = ntohs(six->sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
    ::inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text, sizeof text);
    return text;
  }
  ::inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
  return text;
}

std::string resolveAddress(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  sockaddr_storage address{};
  std::memcpy(&address, found->ai_addr, found->ai_addrlen);
  return addressText(address, nullptr);
}

}  // namespace millrace
