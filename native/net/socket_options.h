#pragma once

#include <string>

namespace millrace {

/// What an accepted socket needs: answers leave at once, a peer that is gone is noticed. `sendBufferBytes` below 0 leaves the send buffer
/// to the kernel. A peer on this machine (`ip`) is not paced: its path has no bottleneck to find, and where the system's congestion control
/// paces (BBR), a fetch would leave in small segments on timers. Best effort: a socket works without any of it.
void tuneAccepted(int fd, const std::string& ip, int sendBufferBytes) noexcept;

}  // namespace millrace
