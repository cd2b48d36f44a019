#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace millrace {

/// As text, IPv4 also when it is mapped into IPv6. `port` may be null.
[[nodiscard]] std::string addressText(const sockaddr_storage& address, std::uint16_t* port);

/// The first address of a host, spelled as that of a connection from it; empty when there is none. May ask the resolver.
[[nodiscard]] std::string resolveAddress(const std::string& host);

}  // namespace millrace
